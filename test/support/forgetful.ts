/**
 * What tests of invariants share: programs that are written line by line, and the findings of a run as keys that can
 * be compared.
 */
import { Diagnoses } from '../../emulator/diagnosis/diagnoses';
import assert from 'node:assert/strict';
import type { Diagnosis } from '../../emulator/findings/diagnosis';
import { Run } from '../../emulator/run/run';
import { correctProgram } from './programs';
import { FOREVER } from './runs';

/** The text of a scenario, and what a naive model says must be found in it. */
export class Script {
    private readonly lines: string[] = [];
    private readonly expected = new Set<string>();

    /** @param declarations kernels, handlers and so on, in front of the scenario */
    constructor(private readonly declarations = '') {}

    line(text: string): void {
        this.lines.push(text);
    }

    in(process: string, text: string): void {
        this.lines.push(`${process} { ${text} }`);
    }

    /** What every script of a test was about: what is never asked for is not tested. */
    static readonly asked = new Set<string>();

    /** `LU1003 s1`: a code and what it is about. */
    expect(key: string): void {
        this.expected.add(key);
        Script.asked.add(key.slice(0, 'LU1000'.length));
    }

    get text(): string {
        return `${this.declarations}\nscenario "s" {\n${this.lines.map((l) => `    ${l}`).join('\n')}\n}\n`;
    }

    /**
     * Runs it and compares.
     * @param keyOf the keys of a finding; empty where the model does not speak of it
     */
    check(keyOf: (d: Diagnosis) => readonly string[]): void {
        const { host } = Run.start(correctProgram(this.text));
        host.interpreter.run(FOREVER);
        assert.equal(host.interpreter.outcome?.failure?.message, undefined, this.text);
        const found = new Set((Diagnoses.of(host)?.found.items ?? []).flatMap(keyOf));
        assert.deepEqual([...found].sort(), [...this.expected].sort(), this.text);
    }
}

/** A field of a finding's data, as text. */
export function datum(d: Diagnosis, name: string): string {
    return String(d.data[name]);
}
