/** Call stacks: from a callback through the kernel and the process block down to the line of the scenario. */
import type { DebugProtocol } from '@vscode/debugprotocol';
import { labelOf, standsBehind } from '../emulator/runtime/call-stack';
import { type Frame, statementOf, type Thread } from '../emulator/runtime/code';
import type { Viewpoint } from '../emulator/runtime/names-in-scope';
import { processOf } from '../emulator/runtime/host/scenario-process';
import type { Host } from '../emulator/runtime/host/host';
import { waitsFor } from '../emulator/runtime/waiting';
import type { Sources } from './source';

/** A frame by its place: its id stays the same while the stack below it does. */
interface FramePlace {
    readonly thread: number;
    /** The index from the bottom of its thread; {@link NOTHING} and {@link WAITS} are entries without a frame. */
    readonly index: number;
}

/** An idle process. */
const NOTHING = -1;
/** The line above the frames of a thread that waits for a lock. */
const WAITS = -2;

export class Stacks {
    private readonly ids = new Map<string, number>();
    private readonly places: FramePlace[] = [];

    constructor(private readonly sources: Sources) {}

    /**
     * The frames of a thread, newest first; below a process block are the frames of the thread that waits for it.
     */
    of(host: Host, thread: Thread): DebugProtocol.StackFrame[] {
        const out: DebugProtocol.StackFrame[] = this.waiting(host, thread);
        let waiter: Thread | null = thread;
        let below = false;
        while (waiter) {
            const t: Thread = waiter;
            waiter = null;
            for (let i = t.frames.length - 1; i >= 0; i--) {
                const frame = t.frames[i];
                if (frame) {
                    const waits = below || i < t.frames.length - 1 || standsBehind(host.interpreter.current, t);
                    out.push(this.shown(t, i, frame, waits));
                    waiter = frame.waiter ?? waiter;
                }
            }
            below = true;
        }
        return out.length > 0 ? out : [this.idle(host, thread)];
    }

    /** The viewpoint of a frame id; undefined if there is no such frame (any more). */
    viewpoint(host: Host, id: number): Viewpoint | undefined {
        const place = this.places[id - 1];
        const thread = place && host.interpreter.threads.find((t) => t.id === place.thread);
        if (!place || !thread) {
            return undefined;
        }
        const frame = thread.frames[place.index];
        return frame || place.index < 0 ? { thread, frame } : undefined;
    }

    /** Whether a frame that was shown does not exist any more. */
    isGone(host: Host, id: number): boolean {
        return this.places[id - 1] !== undefined && !this.viewpoint(host, id);
    }

    /** The key of a frame's variables: the same for the same function at the same depth. */
    keyOf(host: Host, id: number): string {
        const place = this.places[id - 1];
        const at = this.viewpoint(host, id);
        return `${place?.thread ?? ''}:${place?.index ?? ''}:${at?.frame?.code.name ?? ''}`;
    }

    private idOf(thread: Thread, index: number): number {
        const key = `${thread.id}:${index}`;
        let id = this.ids.get(key);
        if (id === undefined) {
            this.places.push({ thread: thread.id, index });
            id = this.places.length;
            this.ids.set(key, id);
        }
        return id;
    }

    /** The entry above the frames of a thread that waits for a lock: the lock and its holder. */
    private waiting(host: Host, thread: Thread): DebugProtocol.StackFrame[] {
        const name = waitsFor(host.interpreter.threads, thread);
        return name === undefined ? [] : [this.label(this.idOf(thread, WAITS), name)];
    }

    private idle(host: Host, thread: Thread): DebugProtocol.StackFrame {
        const { outcome } = host.interpreter;
        const name = processOf(thread)
            ? `${thread.name} is in user space`
            : outcome
              ? `the scenario has ${outcome.passed ? 'passed' : 'failed'}`
              : 'not started';
        return this.label(this.idOf(thread, NOTHING), name);
    }

    /** A line that is no frame. */
    private label(id: number, name: string): DebugProtocol.StackFrame {
        const { lineBase, columnBase } = this.sources.format;
        return { id, name, line: lineBase, column: columnBase, presentationHint: 'label', canRestart: false };
    }

    private shown(thread: Thread, index: number, frame: Frame, waits: boolean): DebugProtocol.StackFrame {
        const { uri } = frame.code;
        const span = statementOf(frame, waits)?.span ?? { start: frame.code.span.start, end: frame.code.span.start };
        const range = this.sources.range(uri, span);
        return {
            id: this.idOf(thread, index),
            name: labelOf(thread, frame),
            source: this.sources.source(uri),
            // Neither 'subtle' nor 'deemphasize' for kernel code: editors would hide the frames that show the
            // place in the kernel.
            ...range,
        };
    }
}
