/**
 * The structs at physical addresses, recorded when kernel code views memory as a struct: those of the running kernel,
 * and those in the memory that the previous kernel handed over.
 */
import type { Kernel } from '../kernel/kernel';
import type { StructLayout } from '../language/layout';
import { JournaledList, JournaledMap } from '../machine/journal';
import type { Host } from '../runtime/host/host';
import type { Rules } from './hearing';
import { isPreserved, type TypedArray, type TypedMemory } from './pointer-walk';
import { lastChanges } from './preserved';

/** The largest number of structs that are recorded for one address. */
const AT_ONE_ADDRESS = 4;
const NONE: readonly StructLayout[] = [];

/** A record, and the step at which it was made. */
interface Recorded<T> {
    readonly what: T;
    readonly step: number;
}

/** The structs in memory that a kernel has handed over, by addresses. */
export interface HandedTypes {
    /** The name of that kernel, and the number of the boot that its kexec leads to. */
    readonly kernel: string;
    readonly into: number;
    /** By address, all structs that code viewed there, such as a page and the header at its start. */
    readonly structs: ReadonlyMap<number, readonly StructLayout[]>;
    readonly arrays: ReadonlyMap<number, TypedArray>;
}

export interface TypedRecords extends Rules, TypedMemory {
    /** What the previous kernel handed over; undefined: nothing. */
    readonly handed: HandedTypes | undefined;
    /** What is handed over to the kernel after so many boots; undefined: nothing, or it is not known any more. */
    handedInto(boot: number): HandedTypes | undefined;
}

export function typedRecords(host: Host): TypedRecords {
    const { journal, history, page } = host.machine;
    /** The latest last. Lists are replaced, never changed in place. */
    const structs = new JournaledMap<number, Recorded<readonly StructLayout[]>>(journal);
    const arrays = new JournaledMap<number, Recorded<TypedArray>>(journal);
    /** What the last kexec handed over; one item, replaced as a whole. */
    const over = new JournaledList<HandedTypes>(journal);

    /**
     * By page frame, the step of its last allocation or free. A struct recorded for an address counts only if its page
     * has not changed since. Computed anew for each handover.
     */
    let changes: ReadonlyMap<number, number> = new Map();
    const fresh = <T>(pa: number, one: Recorded<T> | undefined): T | undefined =>
        one && (changes.get(Math.floor(pa / page.size)) ?? 0) <= one.step ? one.what : undefined;

    const preserved = <T>(kernel: Kernel, all: JournaledMap<number, Recorded<T>>): Map<number, T> => {
        const out = new Map<number, T>();
        for (const [pa, one] of all) {
            const what = fresh(pa, one);
            if (what !== undefined && isPreserved(kernel.kho, pa)) {
                out.set(pa, what);
            }
        }
        return out;
    };

    const handedInto = (boot: number): HandedTypes | undefined => {
        const [then] = over;
        return then?.into === boot ? then : undefined;
    };

    return {
        layoutAt: (pa) => fresh(pa, structs.get(pa))?.at(-1),
        layoutNamed: (name) => host.declarations.struct(name, host.library),
        arrayAt: (descriptor) => fresh(descriptor, arrays.get(descriptor)),
        get handed(): HandedTypes | undefined {
            return handedInto(host.boot);
        },
        handedInto,
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
        /** The next kernel starts without records of its own. */
        phase(phase): void {
            if (phase === 'boot') {
                structs.clear();
                arrays.clear();
            }
        },
    };
}
