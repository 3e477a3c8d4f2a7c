/** Turns the names of a recording, which can be any words, into names of the language. */
import { NATIVES } from '../diagnosis/natives';
import { RESERVED } from '../language/syntax/words';
import luotest from '../std/luotest.lus';
import type { Recording } from './recording';

/** Names of the test handlers after an imported scenario, and of its kinds of files. */
const KNOWN: ReadonlySet<string> = new Set([
    'luotest',
    'memfd',
    ...[...luotest.matchAll(/^(?:fn|handler|flb|file) (\w+)/gm)].map((m) => m[1] ?? ''),
]);

/**
 * A name for every process and every slot. The names are unique, and are neither keywords of the language nor names of
 * the kernel's code.
 */
export class ImportedNames {
    private readonly slots = new Map<string, string>();
    private readonly processes = new Map<string, string>();
    private readonly taken: Set<string>;

    /** @param own other names that the scenario uses */
    constructor(recording: Recording, own: readonly string[]) {
        this.taken = new Set(own);
        const steps = recording.lines.flatMap((l) => (l.kind === 'step' ? [l.step] : []));
        for (const step of steps) {
            if (step.kind === 'call' && 'slot' in step.call && step.call.slot !== undefined) {
                this.name(this.slots, step.call.slot, '');
            } else if (step.kind === 'pass') {
                this.name(this.slots, step.slot, '');
            }
        }
        for (const step of steps) {
            if (step.kind === 'spawn') {
                this.name(this.processes, step.process, 'process_');
            }
        }
    }

    /** The variable of a slot. */
    slot(word: string): string {
        return this.name(this.slots, word, '');
    }

    process(word: string): string {
        return this.name(this.processes, word, 'process_');
    }

    private name(names: Map<string, string>, word: string, prefix: string): string {
        const known = names.get(word);
        if (known !== undefined) {
            return known;
        }
        const base = word.replace(/\W/g, '_').replace(/^(?=\d)/, '_');
        let name = base;
        for (let n = 1; this.isTaken(name); n++) {
            name = prefix !== '' && n === 1 ? `${prefix}${base}` : n === 1 ? `${base}_` : `${base}_${n}`;
        }
        this.taken.add(name);
        names.set(word, name);
        return name;
    }

    private isTaken(name: string): boolean {
        return (
            this.taken.has(name) ||
            RESERVED.has(name) ||
            NATIVES.functions.has(name) ||
            NATIVES.globals.has(name) ||
            NATIVES.fileKinds.has(name) ||
            KNOWN.has(name)
        );
    }
}

/** A slot in one boot. */
export function slotKey(boot: number, process: string, slot: string): string {
    return `${boot} ${process} ${slot}`;
}

/** The slots that are used as descriptors, with their boot and process. */
export function slotsRead(recording: Recording): Set<string> {
    const read = new Set<string>();
    let boot = 0;
    for (const line of recording.lines) {
        if (line.kind === 'boot') {
            boot++;
        } else if (line.kind === 'step' && line.step.kind === 'call') {
            const { call, process } = line.step;
            for (const slot of [
                'fd' in call ? call.fd : undefined,
                'device' in call ? call.device : undefined,
                'session' in call ? call.session : undefined,
            ]) {
                if (slot !== undefined) {
                    read.add(slotKey(boot, process, slot));
                }
            }
        } else if (line.kind === 'step' && line.step.kind === 'pass') {
            read.add(slotKey(boot, line.step.from, line.step.slot));
        }
    }
    return read;
}
