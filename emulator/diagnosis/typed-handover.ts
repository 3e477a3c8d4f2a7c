/**
 * What one kernel has written as one struct and the next reads as another one: a compatible string says what is handed
 * over, and nobody compares the layouts.
 */
import type { StructLayout } from '../language/layout';
import { callbackAtWork } from '../runtime/at-work';
import type { HistoryLine } from '../findings/diagnosis';
import { fileData } from './chronicle';
import { fieldsText, misreadFields, type Misread } from './layouts';
import { ruleFile } from './rules';
import { hex } from '../text/text';

/** So many fields are named in the sentence. */
const NAMED = 3;

export const layoutRules = ruleFile(['LU1092'], ({ host, chronicle, typed, say }) => {
    const { machine } = host;

    /** Nobody has got the page in this kernel but by restoring it. */
    const isAsHandedOver = (pa: number): boolean =>
        machine.history
            .of(Math.floor(pa / machine.page.size))
            .every((e) => e.boot - 1 !== host.boot || e.kind === 'inherited' || e.kind === 'restored');

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
                    `"${kernel}" writes ${written.name}, ${written.size} bytes: ${fieldsText(written)}`,
                ),
                side(host.boot, `"${reader}" reads ${read.name}, ${read.size} bytes: ${fieldsText(read)}`),
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
            message: `${call?.name ?? 'The kernel'} reads ${what} at ${hex(pa)} as ${read.name}, which "${kernel}" has written as ${written.name}: ${wrong}.`,
        });
    };

    return {
        viewed(layout, pa): void {
            const all = typed.handed?.structs.get(pa) ?? [];
            const written = all.at(-1);
            // it may be a part of what lies there: one that fits is enough
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
                        : `elements have ${written.size} bytes, and are taken for ${layout.size}${wrong.length > 0 ? '; ' : ''}`;
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
                    ? `nothing was written at ${offset}, where it reads ${read}`
                    : `at ${offset} it reads ${read} where ${written} is`,
            )
            .join('; ') + more
    );
}
