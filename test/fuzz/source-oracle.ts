/**
 * What must hold for a source text: parsing, checking, formatting, and a run in bounds that is the same with closures
 * and with generated code.
 */
import type { CheckFinding } from '../../emulator/language/check-finding';
import type { SourceHost } from '../../emulator/language/load';
import type { Program } from '../../emulator/language/program';
import { errorsOf, loadProgram } from '../../emulator/run/load-program';
import { Run } from '../../emulator/run/run';
import { UsageError } from '../../emulator/run/usage-error';
import { format } from '../../emulator/services/format/format';
import { diskHost } from '../support/programs';
import { read } from '../support/parsing';
import { inRepository } from '../support/repository';
import { recordWithoutMemory, Witness } from '../support/witness';
import { SOURCES } from './corpus';
import { Fault } from './target';

const URI = 'file:///fuzz/fuzz.lus';
/** Operations of a run: a text may as well never end. */
const OPERATIONS = 60_000;
const SCENARIOS = 2;
/** Characters; names and texts are a part of messages. */
const LONGEST_MESSAGE = 20_000;
/** Why a scenario does not start although the checker finds no error: the checker reads no images. */
const OF_IMAGES = /\bimage\b/;

function hostOf(text: string): SourceHost {
    return {
        read: (uri) => (uri === URI ? text : SOURCES.get(uri.slice(uri.lastIndexOf('/') + 1))),
        readBytes: (uri) =>
            uri.endsWith('/real-handover.elf.gz')
                ? diskHost.readBytes?.(inRepository('extension', 'examples', 'real-handover.elf.gz'))
                : undefined,
    };
}

/** @throws Fault or what a part of the product throws */
export function attemptSource(text: string): void {
    read(text);
    const program = loadProgram(hostOf(text), URI);
    checkFindings(program);
    attemptFormat(text, program);
    if (errorsOf(program).length > 0) {
        return;
    }
    for (const scenario of program.scenarios.slice(0, SCENARIOS)) {
        const first = runOf(program, scenario.name.value, Infinity);
        const again = runOf(program, scenario.name.value, 0);
        if (first !== again) {
            throw new Fault(`two runs differ: ${first} and ${again}`);
        }
    }
}

function checkFindings({ diagnostics, files }: Program): void {
    for (const { code, message, span, uri } of diagnostics) {
        if (message.length === 0 || message.length > LONGEST_MESSAGE) {
            throw new Fault(`a finding with a message of a wrong length: ${code}, ${message.length} characters`);
        }
        const length = files.get(uri)?.text.length;
        if (length !== undefined && !(span.start >= 0 && span.start <= span.end && span.end <= length)) {
            throw new Fault(`a finding outside of its file: ${code}, ${span.start} to ${span.end} of ${length}`);
        }
    }
}

function attemptFormat(text: string, program: Program): void {
    const formatted = format(URI, text);
    if ('refused' in formatted) {
        if (formatted.refused.includes('This is a bug')) {
            throw new Fault(`the formatter would change the meaning: ${formatted.refused}`);
        }
        return;
    }
    const again = format(URI, formatted.text);
    if ('refused' in again || again.text !== formatted.text) {
        throw new Fault(`the formatter is not idempotent: ${JSON.stringify([formatted, again]).slice(0, 2000)}`);
    }
    const codes = (found: readonly CheckFinding[]): string => found.map((d) => d.code).join(' ');
    const [before, after] = [program, loadProgram(hostOf(formatted.text), URI)].map((p) => codes(p.diagnostics));
    if (before !== after) {
        throw new Fault(`formatting changes the findings: ${before} become ${after}`);
    }
}

/**
 * Runs a scenario within bounds.
 * @param hotAfter the rounds of a loop before code is generated for it; Infinity: closures execute all
 * @returns what it came to
 */
function runOf(program: Program, scenario: string, hotAfter: number): string {
    let run: Run;
    try {
        run = Run.start(program, { scenario, hotAfter });
    } catch (e) {
        if (e instanceof UsageError) {
            if (OF_IMAGES.test(e.message)) {
                return e.message;
            }
            throw new Fault(`the checker accepts what does not start: ${e.message}`);
        }
        throw e;
    }
    const { host } = run;
    const witness = new Witness();
    host.listeners.report(witness);
    for (;;) {
        const stop = host.interpreter.run(Math.max(OPERATIONS - host.interpreter.ticks, 1));
        const over = stop?.reason === 'end' || (stop?.reason === 'exception' && stop.exception.fatal);
        if (over || host.interpreter.ticks >= OPERATIONS) {
            return JSON.stringify(recordWithoutMemory(host, witness));
        }
    }
}
