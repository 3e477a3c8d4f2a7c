/**
 * Which structs lie at which physical addresses, as kernel code has said when it looked at them: in the kernel that
 * runs, and in the one that has handed its memory over.
 */
import type { Kernel } from '../kernel/kernel';
import type { StructLayout } from '../language/layout';
import { JournaledList, JournaledMap } from '../machine/journal';
import type { Host } from '../runtime/host/host';
import type { Rules } from './hearing';
import { isPreserved, type TypedArray, type TypedMemory } from './pointer-walk';
import { lastChanges } from './preserved';

/** Structs that one address is looked at as; there are few. */
const AT_ONE_ADDRESS = 4;
const NONE: readonly StructLayout[] = [];

interface Said<T> {
    readonly what: T;
    readonly step: number;
}

/** What a kernel has handed over, by addresses. */
export interface HandedTypes {
    /** Its name, and which boot of the machine it leads to. */
    readonly kernel: string;
    readonly into: number;
    /** Of an address all that it was looked at as, such as a page and its head. */
    readonly structs: ReadonlyMap<number, readonly StructLayout[]>;
    readonly arrays: ReadonlyMap<number, TypedArray>;
}

export interface TypedRecords extends Rules, TypedMemory {
    /** Of the kernel before the one that runs; undefined: nothing came over. */
    readonly handed: HandedTypes | undefined;
}

export function typedRecords(host: Host): TypedRecords {
    const { journal, history, page } = host.machine;
    /** The latest last. Lists are replaced, never changed in place. */
    const structs = new JournaledMap<number, Said<readonly StructLayout[]>>(journal);
    const arrays = new JournaledMap<number, Said<TypedArray>>(journal);
    /** One item, replaced as a whole. */
    const over = new JournaledList<HandedTypes>(journal);

    /**
     * What was said of an address counts only as long as its page has not been given to somebody else. Made anew for
     * each handover.
     */
    let changes: ReadonlyMap<number, number> = new Map();
    const fresh = <T>(pa: number, said: Said<T> | undefined): T | undefined =>
        said && (changes.get(Math.floor(pa / page.size)) ?? 0) <= said.step ? said.what : undefined;

    const preserved = <T>(kernel: Kernel, said: JournaledMap<number, Said<T>>): Map<number, T> => {
        const out = new Map<number, T>();
        for (const [pa, one] of said) {
            const what = fresh(pa, one);
            if (what !== undefined && isPreserved(kernel.kho, pa)) {
                out.set(pa, what);
            }
        }
        return out;
    };

    return {
        layoutAt: (pa) => fresh(pa, structs.get(pa))?.at(-1),
        layoutNamed: (name) => host.declarations.struct(name, host.library),
        arrayAt: (descriptor) => fresh(descriptor, arrays.get(descriptor)),
        get handed(): HandedTypes | undefined {
            const [then] = over;
            return then?.into === host.boot ? then : undefined;
        },
        viewed(layout, pa): void {
            const before = structs.get(pa)?.what ?? NONE;
            const what = before.at(-1) === layout ? before : [...before.filter((l) => l !== layout), layout];
            structs.set(pa, { what: what.slice(-AT_ONE_ADDRESS), step: host.interpreter.ticks });
        },
        described(array, descriptor): void {
            if (array.of.k === 'struct') {
                arrays.set(descriptor, {
                    what: { layout: array.of.layout, count: array.length },
                    step: host.interpreter.ticks,
                });
            }
        },
        handingOver(kernel): void {
            over.clear();
            if (kernel.kexecImage?.kho && kernel.kho.tree) {
                changes = lastChanges(
                    kernel,
                    history,
                    [...structs.keys(), ...arrays.keys()].map((pa) => Math.floor(pa / page.size)),
                );
                over.push({
                    kernel: kernel.desc.name,
                    into: kernel.boot + 1,
                    structs: preserved(kernel, structs),
                    arrays: preserved(kernel, arrays),
                });
            }
        },
        /** What one kernel has said of memory is nothing to the next one. */
        phase(phase): void {
            if (phase === 'boot') {
                structs.clear();
                arrays.clear();
            }
        },
    };
}
