/**
 * Operations that record their own accesses: those to variables, and those to the host as a whole. Natives and values
 * record theirs themselves.
 */
import type { Frame, Op } from '../code';
import type { Operation } from '../form/form';
import type { Host } from '../host/host';
import { processOf } from '../host/scenario-process';
import type { Touches } from './touches';
import { fileName, readOf } from './values';

/** Operations that act on processes, the kernel, the time, or the scenario as a whole. */
const ON_ALL: ReadonlySet<Operation['op']> = new Set<Operation['op']>([
    ...(['expect-panic', 'expect-oops', 'start', 'enter', 'concurrently', 'exit', 'exited', 'kill', 'reap'] as const),
    ...(['kill-later', 'send', 'boot', 'inject', 'finally', 'at', 'corrupt', 'cost', 'wake-at', 'sleep'] as const),
]);

/** Expressions whose value depends on the host as a whole. */
const OF_ALL: ReadonlySet<string> = new Set(['new', 'device']);

/** The properties of an operation or an expression that hold the number of a slot. */
const SLOTS: ReadonlySet<string> = new Set(['slot', 'variable', 'index', 'last', 'list', 'until']);

/** What an operation touches according to its form. */
interface Found {
    readonly slots: Set<number>;
    /** The processes whose variables it touches. */
    readonly variables: Set<string>;
    ownFields: boolean;
    all: boolean;
}

/** @param op the operation of this form */
export function recordingOperation(touches: Touches, host: Host, o: Operation, op: Op): Op {
    const found: Found = { slots: new Set(), variables: new Set(), ownFields: false, all: ON_ALL.has(o.op) };
    find(o, found);
    if (found.all) {
        return (f) => {
            touches.everything();
            return op(f);
        };
    }
    const { slots, variables, ownFields } = found;
    const list = o.op === 'next-element' ? o.list : undefined;
    return (f) => {
        if (host.interpreter.scheduler.active) {
            if (isShared(host, f)) {
                for (const slot of slots) {
                    touches.write(`slot ${slot}`);
                }
            }
            for (const process of variables) {
                touches.write(`variables of ${variablesOf(host, process)}`);
            }
            if (ownFields && f.self) {
                touches.write(fileName(f.self));
            }
            if (list !== undefined) {
                readOf(touches, f.slots[list]);
            }
        }
        return op(f);
    };
}

/** Whether the slots of a frame are those of the code around the `concurrently`, which its blocks share. */
function isShared({ interpreter: { scheduler } }: Host, { slots }: Frame): boolean {
    return scheduler.waiter?.frames.some((f) => f.slots === slots) === true;
}

/** The process whose variables an operation touches: for an array of processes, the member that runs. */
function variablesOf(host: Host, process: string): string {
    const current = processOf(host.interpreter.current);
    return current?.group === process ? current.name : process;
}

/** Adds what a part of an operation touches. */
function find(part: unknown, found: Found): void {
    if (Array.isArray(part)) {
        for (const p of part) {
            find(p, found);
        }
        return;
    }
    if (typeof part !== 'object' || part === null) {
        return;
    }
    if ('k' in part) {
        if (part.k === 'variable' && 'process' in part && typeof part.process === 'string') {
            found.variables.add(part.process);
            // the index of the member of an array is known only when the operation runs
            found.all ||= 'index' in part;
        }
        found.ownFields ||= part.k === 'own-field';
        found.all ||= typeof part.k === 'string' && OF_ALL.has(part.k);
    }
    for (const [name, value] of Object.entries(part)) {
        if (typeof value === 'number' && SLOTS.has(name)) {
            found.slots.add(value);
        } else {
            find(value, found);
        }
    }
}
