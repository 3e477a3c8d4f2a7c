/**
 * Finds memory that one kernel writes as one struct and the next kernel reads as another one: both handlers have the
 * same compatible string, and the kernel does not compare layouts.
 */
import type { StructLayout } from '../language/layout';
import { callbackAtWork } from '../runtime/at-work';
import type { HistoryLine } from '../findings/diagnosis';
import { fileData } from './chronicle';
import { fieldsText, misreadFields, type Misread } from './layouts';
import { ruleFile } from './rules';
import { counted, hex, sizeText } from '../text/text';

/** The largest number of fields that a message names. */
const NAMED = 3;

export const layoutRules = ruleFile(['LU1092'], ({ host, chronicle, typed, say }) => {
    const { machine } = host;

    /** This kernel has not allocated the page anew; it may have restored it. */
    const isAsHandedOver = (pa: number): boolean =>
        machine.history
            .of(Math.floor(pa / machine.page.size))
            .every((e) => e.kernel - 1 !== host.boot || e.kind === 'inherited' || e.kind === 'restored');

    const tell = (written: StructLayout, read: StructLayout, pa: number, what: string, wrong: string): void => {
        const kernel = typed.handed?.kernel ?? '';
        const reader = host.kernel?.desc.name ?? '';
        const call = callbackAtWork(host);
        const side = (boot: number, text: string): HistoryLine => ({ boot, text, place: undefined });
        say('LU1092', {
            about: `${written.name} ${read.name} ${call?.name ?? ''}`,
            history: [
                ...chronicle.ofAddress(pa),
                side(
                    host.boot - 1,
                    `"${kernel}" writes ${written.name}, ${counted(written.size, 'byte')}: ${fieldsText(written)}`,
                ),
                side(host.boot, `"${reader}" reads ${read.name}, ${counted(read.size, 'byte')}: ${fieldsText(read)}`),
            ],
            data: {
                address: hex(pa),
                written: written.name,
                read: read.name,
                from: kernel,
                to: reader,
                callback: call?.name ?? null,
                ...fileData(host),
            },
            message: `${call?.name ?? 'The kernel'} reads ${what} at ${hex(pa)} as ${read.name}, but "${kernel}" wrote it as ${written.name}: ${wrong}.`,
        });
    };

    return {
        pageSizeDiffers(was, is): void {
            say('LU1092', {
                about: 'page size',
                history: [],
                data: { written: was, read: is },
                message: `The kernel of the image has pages of ${sizeText(was)}, and the one that takes it over has pages of ${sizeText(is)}. Their compatible strings are equal, but the keys of the tree of preserved memory, the numbers of pages and the sizes of blocks have other meanings.`,
            });
        },
        viewed(layout, pa): void {
            const all = typed.handed?.structs.get(pa) ?? [];
            const written = all.at(-1);
            // several structs may begin at one address, such as a struct and its first member: one match is enough
            if (
                written &&
                all.every((l) => l !== layout && misreadFields(l, layout).length > 0) &&
                isAsHandedOver(pa)
            ) {
                tell(written, layout, pa, 'a struct', wrongText(misreadFields(written, layout)));
            }
        },
        redescribed(array, descriptor): void {
            const written = typed.handed?.arrays.get(descriptor)?.layout;
            if (!written || array.of.k !== 'struct' || written === array.of.layout || !isAsHandedOver(descriptor)) {
                return;
            }
            const { layout } = array.of;
            const wrong = misreadFields(written, layout);
            if (wrong.length > 0 || written.size !== layout.size) {
                const sizes =
                    written.size === layout.size
                        ? ''
                        : `its elements have ${counted(written.size, 'byte')}, but are read as ${counted(layout.size, 'byte')} each${wrong.length > 0 ? '; ' : ''}`;
                tell(written, layout, descriptor, 'the array', `${sizes}${wrongText(wrong)}`);
            }
        },
    };
});

function wrongText(wrong: readonly Misread[]): string {
    const more = wrong.length > NAMED ? `; and ${wrong.length - NAMED} more` : '';
    return (
        wrong
            .slice(0, NAMED)
            .map(({ offset, read, written }) =>
                written === undefined
                    ? `at offset ${offset} it reads ${read}, but nothing was written there`
                    : `at offset ${offset} it reads ${read}, but ${written} was written there`,
            )
            .join('; ') + more
    );
}
