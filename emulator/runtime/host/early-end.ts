/** The end of a scenario that a fault has stopped. */
import type { RunException } from '../stop';
import type { Host } from './host';

/**
 * After a fault a call fails that the scenario needs: its `finally` blocks run, and then it is over.
 * @returns whether there are any
 */
export function endEarly(host: Host, by: RunException): boolean {
    const { interpreter, hooks, injections } = host;
    const { scenarioThread: scenario, threads } = interpreter;
    const [frame] = scenario.frames;
    const faults = injections.trials?.happened ?? 0;
    const deadlock = by.message.startsWith('deadlock:');
    if (
        faults === 0 ||
        by.kind !== 'failed-call' ||
        deadlock ||
        hooks.stoppedBy ||
        hooks.finally.length === 0 ||
        !frame
    ) {
        return false;
    }
    hooks.stopped(by);
    interpreter.scheduler.end();
    for (const thread of threads.slice(1)) {
        // a process in the kernel stands there with its locks; the others go no further
        if (thread.frames.every((f) => f.mode === 'user')) {
            thread.frames = [];
            thread.waiting = null;
        }
    }
    scenario.frames = [frame];
    scenario.waiting = null;
    frame.pc = frame.code.finallyAt;
    interpreter.current = scenario;
    interpreter.switchFrames();
    return true;
}
