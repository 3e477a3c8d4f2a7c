/**
 * The faults that an exploration tries: a failing callback, allocation or reply, a process that is killed, a kernel
 * that panics or loses its power, a bit that flips in what is handed over; and other kernels behind a kexec, which are
 * no faults. Each is a choice of the run.
 */
import { Diagnoses } from '../diagnosis/diagnoses';
import type { Kernel } from '../kernel/kernel';
import { ERRNO, err, type ErrnoName, isErrnoName } from '../kernel/release/errno';
import { Hasher } from '../machine/hash';
import { JournaledList, JournaledMap } from '../machine/journal';
import type { Host } from '../runtime/host/host';
import type { Failing, Trials } from '../runtime/host/injections';
import { loseKernel } from '../runtime/host/kernel-end';
import { crash } from '../runtime/host/panic';
import { processOf, type ScenarioProcess } from '../runtime/host/scenario-process';
import type { Listener, Observer } from '../runtime/listener';
import type { KernelWork } from '../runtime/purpose';
import type { Price } from './choices';
import { type HandedField, handedFields } from './handed-fields';
import { matches } from './patterns';

export interface FaultOffers {
    /** Names of processes that are killed after each of their system calls; `*` for all. */
    readonly crash: readonly string[];
    /** Callbacks, allocations and replies that fail: `memfd.*`, `page_alloc`, `*`. */
    readonly fail: readonly string[];
    /** The errors that a callback fails with. */
    readonly errors: readonly ErrnoName[];
    /** Kernels that each `kexec_file_load` loads instead of its own. */
    readonly kernels: readonly string[];
    /** The kernel panics after each system call, and when a callback begins. */
    readonly panic: boolean;
    /** The machine loses its power there. */
    readonly power: boolean;
    /** Fields of structures that are handed over, of which a bit flips on the way: `luo_session_ser.*`, `*`. */
    readonly flips: readonly string[];
}

const ERRORS: readonly string[] = Object.keys(ERRNO);

/** A choice that comes up. */
export interface Question {
    readonly what: string;
    readonly alternatives: readonly string[];
    /** The index of the alternative that is taken if nothing else is asked for. */
    readonly usual: number;
    readonly price: Price;
    /** Whether an exploration tries the others. */
    readonly offered: boolean;
}

/** Makes choices. */
interface Deciding {
    /** Whether it makes the choices of a list, whatever is offered. */
    readonly replays: boolean;
    /** The alternative that a list says for the next choice of this name. */
    listedNext(what: string): string | undefined;
    /** Whether a list has a choice whose name begins so. */
    lists(beginning: string): boolean;
    /** @returns one of the alternatives */
    decide(question: Question): string;
}

const NONE = 'none';
const HAPPENS = 'happens';
/** How a callback fails that answers a question. */
const REFUSAL = 'no';

/** Points at which the kernel's own error is given. */
const GIVEN: Readonly<Record<string, ErrnoName>> = {
    page_alloc: 'ENOMEM',
    luo_session: 'ENOMEM',
    migrate_pages: 'ENOMEM',
    copy_to_user: 'EFAULT',
};

const ALLOCATION = 'page_alloc';

/** Allocations from the same statement, called in the same way, that fail: the first ones. */
const SAME_STATEMENT = 2;

/** What a fault of a target is called: its kernels are counted from 1. */
function failureName(target: string, boot: number): string {
    return `${target} in kernel ${boot + 1}`;
}

/** The beginning of the name of a bit that flips on the way to the next kernel. */
const FLIP = 'flip ';

/** ` in kernel 2`, at the end of the name of a failure. */
const KERNEL_OF = / in kernel \d+$/;

export class Faults implements Trials, Observer {
    readonly listener: Listener;
    /** The names of the faults that have happened, in their order. */
    private readonly names: JournaledList<string>;
    /** The number of allocations by their call stack. */
    private readonly allocations: JournaledMap<string, number>;
    /** The fingerprints of call stacks. */
    private readonly stacks = new Map<string, number>();
    /** Whether the program can ask which faults have happened, besides how many. */
    private readonly asksNames: boolean;
    /** The position and the call stack of the last allocation, and whether it was like enough others before. */
    private last = { at: -1, epoch: -1, stack: '', known: false };
    /** What the kernel that is about to jump hands over; between its last step and the first of the next kernel. */
    private handed: readonly HandedField[] = [];
    /** Whether a target is among those that fail. */
    private readonly failing = new Map<string, boolean>();

    constructor(
        private readonly host: Host,
        private readonly decider: Deciding,
        private readonly offers: FaultOffers,
    ) {
        this.names = new JournaledList(host.machine.journal);
        this.allocations = new JournaledMap(host.machine.journal);
        const { files } = host.declarations.program;
        this.asksNames = [...files.values()].some((file) => /\bhappened\b/.test(file.text));
        this.listener = {
            kernelLeft: (work) => this.callReturned(work),
            callbackEntered: (call) => {
                if (call.callback !== 'init') {
                    this.mayLoseKernel(`in ${call.name}`);
                }
            },
            phase: (phase) => {
                if (phase === 'jump') {
                    this.handed = this.fieldsOf(host.running);
                }
            },
            jumped: () => this.mayFlip(),
        };
    }

    spares(target: string): boolean {
        // a long write allocates millions of pages with one operation
        return (
            (target === ALLOCATION && this.last.known && this.isHere()) ||
            (!this.isOffered(target) && !this.decider.replays)
        );
    }

    private isOffered(target: string): boolean {
        let offered = this.failing.get(target);
        if (offered === undefined) {
            offered = matches(this.offers.fail, target);
            this.failing.set(target, offered);
        }
        return offered;
    }

    hit(target: string, boot: number): Failing | undefined {
        const { offers, decider } = this;
        if (this.spares(target)) {
            return undefined;
        }
        const offered = this.isOffered(target);
        if (target === ALLOCATION && !this.isNew()) {
            return undefined;
        }
        const given = GIVEN[target];
        const errors = decider.replays ? ERRORS : offers.errors;
        const failures = /\.can_\w+$/.test(target) ? [REFUSAL] : given ? [given] : errors;
        const what = failureName(target, boot);
        const picked = decider.decide({
            what,
            alternatives: [NONE, ...failures],
            usual: 0,
            price: 'fault',
            offered,
        });
        if (picked === NONE) {
            return undefined;
        }
        this.names.push(what);
        return { error: isErrnoName(picked) ? err(picked) : null };
    }

    /** Whether the last allocation was made by the operation that runs. */
    private isHere(): boolean {
        const { interpreter, machine } = this.host;
        return this.last.at === interpreter.ticks && this.last.epoch === machine.journal.epoch;
    }

    kernelBehind(named: string, boot: number): string | undefined {
        const { offers, decider } = this;
        const what = `kernel behind kernel ${boot + 1}`;
        const listed = decider.listedNext(what);
        const others = new Set([...offers.kernels, ...(listed === undefined ? [] : [listed])]);
        others.delete(named);
        if (others.size === 0) {
            return undefined;
        }
        const offered = offers.kernels.length > 0;
        const picked = decider.decide({ what, alternatives: [named, ...others], usual: 0, price: 'free', offered });
        return picked === named ? undefined : picked;
    }

    /** Whether this is one of the first allocations from its statement. */
    private isNew(): boolean {
        const { interpreter, machine } = this.host;
        if (!this.isHere()) {
            const stack = interpreter.current.frames.map((f) => `${f.code.name}:${f.pc}`).join(' ');
            this.last = { at: interpreter.ticks, epoch: machine.journal.epoch, stack, known: false };
        }
        const { last } = this;
        const before = this.allocations.get(last.stack) ?? 0;
        if (before < SAME_STATEMENT) {
            this.allocations.set(last.stack, before + 1);
        }
        last.known = before >= SAME_STATEMENT;
        return !last.known;
    }

    private callReturned({ kind, name }: KernelWork): void {
        if (kind === 'exit' || kind === 'release' || kind === 'boot') {
            return;
        }
        const { host, offers } = this;
        const p = processOf(host.interpreter.current);
        if (!p || p.killed || this.mayLoseKernel(`after ${p.name} ${name}`)) {
            return;
        }
        if (this.happens(`kill ${p.name}`, matches(offers.crash, p.name), name)) {
            // it dies before it continues, as with `kill p after n`
            host.machine.journal.edit<ScenarioProcess>(p).callsLeft = 0;
        }
    }

    private mayLoseKernel(where: string): boolean {
        const { host, offers } = this;
        if (!host.kernel) {
            return false;
        }
        if (this.happens(`panic ${where}`, offers.panic)) {
            crash(host, 'injected');
            return true;
        }
        if (this.happens(`power cut ${where}`, offers.power)) {
            loseKernel(host, 'power');
            return true;
        }
        return false;
    }

    /** The fields of what a kernel hands over; none if none of them is tried. */
    private fieldsOf(kernel: Kernel): readonly HandedField[] {
        const { host, offers, decider } = this;
        const wanted = decider.replays ? decider.lists(FLIP) : offers.flips.length > 0;
        const handed = wanted ? Diagnoses.of(host)?.scene.typed.handedInto(kernel.boot + 1) : undefined;
        return handed ? handedFields(kernel.kho, handed) : [];
    }

    /** The old kernel has ended, and the next one has not started: each field on the way may be damaged. */
    private mayFlip(): void {
        const { host, offers, decider, handed } = this;
        const { memory } = host.machine;
        this.handed = [];
        for (const { name, at, size, bits, reversed } of handed) {
            const offered = matches(offers.flips, name);
            if (!offered && !decider.replays) {
                continue;
            }
            const what = failureName(`${FLIP}${name}`, host.boot);
            const alternatives = [NONE, ...new Set(bits.map((bit) => `bit ${bit}`))];
            const picked = decider.decide({ what, alternatives, usual: 0, price: 'fault', offered });
            const bit = bits.find((b) => picked === `bit ${b}`);
            if (bit !== undefined) {
                const byte = Math.floor(bit / 8);
                const pa = at + (reversed ? size - 1 - byte : byte);
                memory.writeU8(pa, memory.readU8(pa) ^ (1 << (bit % 8)));
                this.names.push(what);
                host.tell((listener) => listener.corrupted?.(`bit ${bit} of ${name} flips on the way`));
            }
        }
    }

    private happens(what: string, offered: boolean, how = HAPPENS): boolean {
        const { decider } = this;
        const happens =
            (offered || decider.replays) &&
            decider.decide({ what, alternatives: [NONE, how], usual: 0, price: 'fault', offered }) !== NONE;
        if (happens) {
            this.names.push(what);
        }
        return happens;
    }

    get happened(): number {
        return this.names.length;
    }

    hasHappened(pattern: string): boolean {
        return this.names.items.some(
            (name) => matches([pattern], name) || matches([pattern], name.replace(KERNEL_OF, '')),
        );
    }

    hash(hasher: Hasher): void {
        hasher.num(this.happened);
        if (this.asksNames) {
            for (const name of this.names.items.toSorted()) {
                hasher.str(name);
            }
        }
        // in no order: a sum
        let sum = 0;
        for (const [stack, count] of this.allocations) {
            sum = (sum + new Hasher().num(this.hashOf(stack)).u32(count).value()) % Number.MAX_SAFE_INTEGER;
        }
        hasher.num(sum);
    }

    private hashOf(stack: string): number {
        let hash = this.stacks.get(stack);
        if (hash === undefined) {
            hash = new Hasher().str(stack).value();
            this.stacks.set(stack, hash);
        }
        return hash;
    }
}
