/** The requests that let a stopped run continue: all the way, for a step, or into a function of the user's choice. */
import type { DebugProtocol } from '@vscode/debugprotocol';
import { calledNext, isOwnCallback, nextCallback } from '../emulator/runtime/ahead';
import { depthOf, type Code, type Frame, type Thread } from '../emulator/runtime/code';
import { depthOfCaller, isShippedKernelCode, StepIntoFrame, steppedBy } from '../emulator/runtime/stepping';
import type { Answer, Serve } from './answer';
import { RequestError } from './errors';
import type { Inspection } from './inspection';
import { REQUESTS, type Arguments } from './requests';
import type { RunControl, Steps } from './run-control';

/** A stopped run. */
interface Stopped {
    readonly control: RunControl;
    readonly inspection: Inspection;
    /** Whether a step into a call passes over the kernel code that ships with the emulator. */
    readonly skipKernelCode: boolean;
}

/** The interface to the session. */
export interface Surroundings {
    /** @throws RequestError if the run is not stopped */
    stopped(): Stopped;
    /** Prints a line to the user. */
    say(text: string): void;
}

/** Code by its place: kernels that share a file have their own code for a function. */
interface Target {
    readonly uri: string;
    readonly start: number;
}

export class Stepping {
    /** The targets that the client was told, by their ids from 1. */
    private readonly targets: Target[] = [];

    constructor(private readonly session: Surroundings) {}

    serve(serve: Serve): void {
        serve('continue', REQUESTS.continue, () => ({
            body: { allThreadsContinued: true },
            after: this.go(this.session.stopped()),
        }));
        serve('next', REQUESTS.next, (args) => ({ after: this.step('next', args) }));
        serve('stepIn', REQUESTS.stepIn, (args) => ({ after: this.stepIn(args) }));
        serve('stepOut', REQUESTS.stepOut, (args) => ({ after: this.step('out', args) }));
        serve('stepInTargets', REQUESTS.stepInTargets, ({ frameId }) => ({
            body: { targets: this.targetsOf(frameId) },
        }));
        serve('lus/stepIntoCallback', REQUESTS['lus/stepIntoCallback'], ({ threadId }) => this.intoCallback(threadId));
    }

    private go({ control, inspection }: Stopped, step?: Steps, byLine = false, thread?: Thread): () => void {
        return () => {
            inspection.changed();
            control.go(step, byLine, thread);
        };
    }

    private step(kind: Steps, { threadId, granularity }: Arguments<'next'>): () => void {
        const stopped = this.session.stopped();
        return this.go(stopped, kind, granularity === 'line', threadOf(stopped, threadId));
    }

    private stepIn({ targetId, ...args }: Arguments<'stepIn'>): () => void {
        const stopped = this.session.stopped();
        const thread = threadOf(stopped, args.threadId);
        if (targetId === undefined) {
            const passesOver = stopped.skipKernelCode && !isShippedKernelCode(thread.top);
            return this.step(passesOver ? 'in own code' : 'in', args);
        }
        const target = this.targets[targetId - 1];
        if (!target) {
            throw new RequestError('noSuchTarget', `There is no step-in target ${targetId}.`);
        }
        return this.go(stopped, into(depthOf(thread), beginningOf(target)), false, thread);
    }

    /** The targets of the statement at which a frame stands: none for a frame that waits for a call. */
    private targetsOf(frameId: number): DebugProtocol.StepInTarget[] {
        const { control, inspection } = this.session.stopped();
        const { thread, frame } = inspection.topOf(frameId);
        const { host } = control.run;
        if (!thread || !frame || steppedBy(host.interpreter, thread) !== thread) {
            return [];
        }
        return calledNext(host, thread, false).map(({ code, callback }) => ({
            id: this.idOf(code),
            label: callback === undefined ? `${code.name}()` : code.name,
        }));
    }

    private idOf({ uri, span: { start } }: Code): number {
        const known = this.targets.findIndex((t) => t.uri === uri && t.start === start);
        return known < 0 ? this.targets.push({ uri, start }) : known + 1;
    }

    private intoCallback(threadId: number): Answer {
        const stopped = this.session.stopped();
        const { host } = stopped.control.run;
        const thread = steppedBy(host.interpreter, threadOf(stopped, threadId));
        const callback = nextCallback(host, thread);
        if (callback === 'none') {
            this.session.say('No callback is called up to the end of this call.');
        }
        const enters =
            callback === 'far'
                ? isOwnCallback
                : callback === 'none'
                  ? () => false
                  : beginningOf({ uri: callback.uri, start: callback.span.start });
        return { after: this.go(stopped, into(depthOfCaller(thread), enters), false, thread) };
    }
}

/** A step into a frame, which ends at this call depth if there is none. */
function into(depth: number, enters: (frame: Frame) => boolean): Steps {
    return (run, thread) => new StepIntoFrame(run, thread, depth, enters);
}

function beginningOf({ uri, start }: Target): (frame: Frame) => boolean {
    return ({ code }) => code.uri === uri && code.span.start === start;
}

function threadOf({ control }: Stopped, id: number): Thread {
    const { threads, current } = control.run.host.interpreter;
    return threads.find((t) => t.id === id) ?? current;
}
