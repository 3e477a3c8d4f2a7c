/**
 * Oopses: kernel code follows a null pointer on behalf of a process. The kernel goes on, but what that process was in
 * is not taken back: it dies where it stands, with its locks held, and closes what it has open (make_task_dead()).
 */
import { ProgramError } from '../../language/values';
import type { Host } from './host';
import { panic } from './panic';
import { endInOops } from './processes';
import { processOf, type ScenarioProcess } from './scenario-process';

/** Announces an oops in the next call of the process that runs, with a message that contains `text`. */
export function expectOops(host: Host, text: string): void {
    const p = processOf(host.interpreter.current);
    if (!p) {
        throw new ProgramError('an oops ends a process: announce it in the block of one');
    }
    host.machine.journal.edit<ScenarioProcess>(p).oopsExpected = text;
}

/**
 * The kernel follows a null pointer in a function. Where the scenario has announced it the process dies; else the
 * scenario has failed. Without a process it is a panic.
 */
export function nullPointer(host: Host, where: string): undefined {
    const message = `kernel NULL pointer dereference in ${where}`;
    const p = processOf(host.interpreter.current);
    if (!p) {
        return panic(host, `unable to handle ${message}`);
    }
    host.log('emerg', `BUG: ${message}`);
    host.tell((l) => l.oopsed?.(where));
    if (host.commandLine?.panicOnOops === true) {
        return panic(host, 'Fatal exception');
    }
    if (p.oopsExpected === null || !message.includes(p.oopsExpected)) {
        host.interpreter.fail('kernel-warning', `kernel oops: ${message}`);
        return undefined;
    }
    endInOops(host, p);
    return undefined;
}
