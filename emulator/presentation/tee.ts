/** Confidential guests: the table of page owners, the guests that the firmware or module knows, and their pages. */
import type { Kernel } from '../kernel/kernel';
import type { Machine } from '../machine/machine';
import { counted, hex } from '../text/text';
import { group, leaf, type Item } from './item';

/** Pages that are listed one by one. */
const LISTED = 256;

/** No items on a machine without them. */
export function teeItems(machine: Machine, kernel: Kernel | null): Item[] {
    const { tee } = machine;
    if (!tee) {
        return [];
    }
    return [
        group('confidential guests', tee.display(), () => [
            leaf('firmware', tee.initialized ? 'set up' : 'not set up'),
            leaf(
                'this kernel',
                kernel?.tee?.ready !== true
                    ? 'has no confidential guests'
                    : kernel.tee.carried
                      ? 'hands the firmware over at the next kexec'
                      : 'shuts the firmware down at the next kexec',
            ),
            leaf(
                `${tee.slotName}s in use as this kernel knows`,
                kernel?.tee && kernel.tee.used.length > 0 ? kernel.tee.used.join(', ') : 'none',
            ),
            ...[...tee.guests.values()].map((g) =>
                leaf(
                    `${tee.slotName} ${g.slot}`,
                    `${g.name}, launch ${g.identity}, ${tee.kind === 'snp' ? 'context' : 'TDR'} at ${hex(g.context)}`,
                ),
            ),
            group(tee.tableName, 'pages that are not of the host', () => ownedPages(machine)),
            ...tee.damaged.map((pa) => leaf(hex(pa), 'written by the host: damaged')),
        ]),
    ];
}

function ownedPages({ tee, page }: Machine): Item[] {
    const items: Item[] = [];
    for (const { pa, entry } of tee?.owned() ?? []) {
        if (items.length === LISTED) {
            items.push(leaf('...', `only the first ${counted(LISTED, 'page')} are listed`));
            break;
        }
        const gpa = entry.use === 'memory' ? ` at guest address ${hex(entry.gfn * page.size)}` : '';
        items.push({
            ...leaf(
                hex(pa),
                `${tee?.slotName ?? ''} ${entry.slot}: ${entry.use}${gpa}, entry at ${hex(tee?.entryAddress(pa) ?? 0)}`,
            ),
            address: pa,
        });
    }
    return items;
}
