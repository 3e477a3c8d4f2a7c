/** Arrays in preserved vmalloc memory, described by struct kho_vmalloc. */
import { chunkEntries } from '../kernel/kho/vmalloc';
import { FolioRef } from '../kernel/mm/file-folios';
import { objectOf } from '../language/types';
import type { Machine } from '../machine/machine';
import type { Host } from '../runtime/host/host';
import { ArrayView, View, type VmArea } from '../runtime/view';
import { hex, sizeText } from '../text/text';
import { addressItem, bytesAt, memoryOf } from './bytes';
import type { Children, Item } from './item';
import type { ListedArray } from './serialized';
import { attempt, itemOf, viewFields } from './values';

/** The pages of a struct kho_vmalloc, as one run of bytes. For a damaged structure, the readable part. */
class ListedPages implements VmArea {
    readonly size: number;

    constructor(
        private readonly groups: readonly number[],
        private readonly groupSize: number,
    ) {
        this.size = groups.length * groupSize;
    }

    phys(offset: number): number {
        const group = this.groups[Math.floor(offset / this.groupSize)];
        if (group === undefined) {
            throw new RangeError(`byte ${offset} is beyond the ${this.size} listed bytes`);
        }
        return group + (offset % this.groupSize);
    }
}

function listedPages(machine: Machine, desc: View): ListedPages {
    const { memory, page } = machine;
    const entries = chunkEntries(page);
    const total = Number(desc.get(desc.field('total_pages')));
    const order = Math.min(Number(desc.get(desc.field('order'))), page.maxOrder);
    const wanted = Math.ceil(total / 2 ** order);
    const groups: number[] = [];
    let chunk = desc.get(desc.field('first'));
    while (typeof chunk === 'number' && chunk !== 0 && machine.isRam(chunk, page.size) && groups.length < wanted) {
        for (let i = 1; i <= entries && groups.length < wanted; i++) {
            const pa = memory.readU64(chunk + 8 * i);
            if (typeof pa !== 'number' || pa === 0 || !machine.isRam(pa, page.size)) {
                return new ListedPages(groups, page.size * 2 ** order);
            }
            groups.push(pa);
        }
        chunk = memory.readU64(chunk);
    }
    return new ListedPages(groups, page.size * 2 ** order);
}

/** A vmalloc field of a structure with its array, in pages; undefined if it lists no pages (yet). */
export function arrayItem(host: Host, view: View, listed: ListedArray): Item | undefined {
    const desc = view.get(view.field(listed.field));
    const first = desc instanceof View ? desc.get(desc.field('first')) : undefined;
    if (!(desc instanceof View) || typeof first !== 'number' || first === 0) {
        return undefined;
    }
    const pages = listedPages(host.machine, desc);
    const said = listed.count === undefined ? undefined : view.get(view.field(listed.count));
    const fits = Math.floor(pages.size / listed.element.size);
    const count = typeof said === 'number' ? Math.min(said, fits) : fits;
    const array = new ArrayView(
        { k: 'struct', layout: listed.element },
        count,
        listed.element.size,
        host.machine.memory,
        0,
        pages,
    );
    const children: Children = {
        named: () => [
            addressItem(memoryOf(host.machine), 'first', first),
            ...viewFields(host, desc, undefined).filter((f) => f.name !== 'first'),
            bytesAt(memoryOf(host.machine), desc.pa, desc.layout.size),
        ],
        indexed: { count, item: (i) => elementItem(host, `[${i}]`, array.get(i)) },
    };
    return {
        name: listed.field,
        value: `${count} × ${listed.element.name}`,
        type: desc.layout.name,
        address: desc.pa,
        children,
    };
}

/** An element; one with a page frame number is shown as the folio. */
function elementItem(host: Host, name: string, element: unknown): Item {
    if (!(element instanceof View)) {
        return { name, value: 'none' };
    }
    return attempt(name, () => {
        const field = element.layout.byName.get('pfn');
        const pfn = field && element.get(field);
        const { page } = host.machine;
        if (typeof pfn !== 'number' || !host.machine.isRam(pfn * page.size, page.size)) {
            return itemOf(host, name, { value: element, type: { k: 'view', struct: element.layout.name } });
        }
        const size = page.size * 2 ** (host.kernel?.memmap.orderOf(pfn) ?? 0);
        return {
            name,
            value: `folio at ${hex(pfn * page.size)}, ${sizeText(size)}`,
            type: element.layout.name,
            address: pfn * page.size,
            frames: { pfn, count: size / page.size },
            children: {
                named: () => [
                    ...viewFields(host, element, undefined),
                    itemOf(host, 'folio', { value: new FolioRef(pfn, page), type: objectOf('folio') }),
                    bytesAt(memoryOf(host.machine), pfn * page.size, size),
                ],
            },
        };
    });
}
