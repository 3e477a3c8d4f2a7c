/** The scope *Handover*: what KHO hands to the next kernel, and what it got from the previous one. */
import { readFdtPage } from '../kernel/kho/root-fdt';
import { readNativeU64 } from '../kernel/kho/root-fdt';
import type { FdtNode } from '../kernel/kho/fdt-read';
import type { Kho } from '../kernel/kho/kho';
import type { BlockRun } from '../kernel/kho/runs';
import { PAGE_SIZE } from '../machine/memory';
import type { Vm } from '../runtime/interpreter';
import { bytesAt, hexRow, ROW } from './bytes';
import { group, leaf, listing, type Item } from './item';
import { addressItem } from './values';
import { hex, rangeText, sizeText } from '../text/text';

export function handoverItems(vm: Vm): Item[] {
    const kho = vm.kernel?.kho;
    if (!kho) {
        return [leaf('kernel', 'none runs')];
    }
    const outgoing = kho.enabled
        ? [
              fdtItem(vm, 'FDT (outgoing)', kho.fdt),
              preserved(vm, 'preserved memory', kho.tree ? `radix tree at ${hex(kho.tree.root)}` : 'none', () =>
                  kho.outgoingRuns(),
              ),
          ]
        : [leaf('KHO', 'disabled')];
    return [
        ...outgoing,
        scratchItem(vm, kho),
        ...(kho.incoming
            ? [
                  fdtItem(vm, 'FDT (incoming)', kho.incoming.fdt),
                  preserved(
                      vm,
                      'inherited memory',
                      `${sizeText(kho.incomingPages * PAGE_SIZE)}, ${sizeText(kho.unclaimed * PAGE_SIZE)} unclaimed`,
                      () => kho.incomingList(),
                  ),
                  preserved(vm, 'unclaimed memory', sizeText(kho.unclaimed * PAGE_SIZE), () => kho.unclaimedRuns()),
              ]
            : [leaf('incoming', 'none: a cold boot')]),
        leaf(
            'kexec_count',
            `${kho.kexecCount}${kho.previousRelease === undefined ? '' : `, from ${kho.previousRelease}`}`,
        ),
    ];
}

function scratchItem(vm: Vm, kho: Kho): Item {
    const size = kho.scratch.reduce((sum, a) => sum + a.size, 0);
    return {
        name: 'scratch',
        value: kho.scratch.length === 0 ? 'none' : `${sizeText(size)} in ${kho.scratch.length} areas`,
        kind: 'virtual',
        children: {
            named: () => [
                ...kho.scratch.map(
                    (a, i): Item => ({
                        name: `[${i}]`,
                        value: rangeText(a.addr, a.size),
                        address: a.addr,
                        children: { named: () => [bytesAt(vm.machine, a.addr, a.size)] },
                    }),
                ),
                addressItem(vm, 'array', kho.scratchArray),
            ],
        },
    };
}

/** Preserved memory by order and runs, read from the tree when it unfolds. */
function preserved(
    vm: Vm,
    name: string,
    value: string,
    read: () => readonly (BlockRun & { readonly owner?: string })[],
): Item {
    return group(name, value, () => {
        const byOrder = new Map<number, (BlockRun & { readonly owner?: string })[]>();
        for (const run of read()) {
            const runs = byOrder.get(run.order);
            if (runs) {
                runs.push(run);
            } else {
                byOrder.set(run.order, [run]);
            }
        }
        if (byOrder.size === 0) {
            return [leaf('nothing', 'is preserved')];
        }
        return [...byOrder].map(([order, runs]) => {
            const blocks = runs.reduce((sum, r) => sum + r.blocks, 0);
            const item = listing(`order ${order}`, 'run', runs.length, (i) => runItem(vm, i, runs[i]));
            return { ...item, value: `${blocks} × ${sizeText(PAGE_SIZE * 2 ** order)} in ${item.value}` };
        });
    });
}

function runItem(vm: Vm, index: number, run: (BlockRun & { readonly owner?: string }) | undefined): Item {
    if (!run) {
        return leaf('none', '');
    }
    const pa = run.pfn * PAGE_SIZE;
    const size = run.blocks * PAGE_SIZE * 2 ** run.order;
    return {
        name: `[${index}]`,
        value: `${rangeText(pa, size)}${run.owner === undefined ? '' : `, ${run.owner}`}`,
        address: pa,
        children: { named: () => [leaf('blocks', String(run.blocks)), bytesAt(vm.machine, pa, size)] },
    };
}

/** A flattened device tree in a page: nodes and properties, and what is wrong with it. */
function fdtItem(vm: Vm, name: string, pa: number): Item {
    if (pa === 0) {
        return leaf(name, 'none');
    }
    return {
        name,
        value: `at ${hex(pa)}`,
        address: pa,
        children: {
            named: () => {
                const { root, findings } = readFdtPage(vm.machine.memory, pa);
                return [
                    ...(root ? nodeItems(vm, root) : []),
                    ...findings.map((f) => leaf(`damaged at ${hex(f.offset)}`, f.text)),
                    bytesAt(vm.machine, pa, PAGE_SIZE),
                ];
            },
        },
    };
}

function nodeItems(vm: Vm, node: FdtNode): Item[] {
    return [
        ...node.properties.map((p) => propertyItem(vm, p.name, p.value)),
        ...node.children.map((c) => group(c.name, 'node', () => nodeItems(vm, c))),
    ];
}

/** A property as what it most likely is: a string, an address or number of 8 bytes, or bytes. */
function propertyItem(vm: Vm, name: string, value: Uint8Array): Item {
    const text = stringOf(value);
    if (text !== undefined) {
        return leaf(name, JSON.stringify(text));
    }
    const number = value.length === 8 ? readNativeU64(value) : undefined;
    if (typeof number === 'number' && number !== 0 && number % PAGE_SIZE === 0 && vm.machine.isRam(number)) {
        return addressItem(vm, name, number);
    }
    return leaf(name, number === undefined ? hexRow(value.subarray(0, ROW)).trimEnd() : String(number));
}

function stringOf(value: Uint8Array): string | undefined {
    const body = value.subarray(0, -1);
    const printable = value.length > 1 && value.at(-1) === 0 && body.every((b) => b >= 0x20 && b < 0x7f);
    return printable ? String.fromCharCode(...body) : undefined;
}
