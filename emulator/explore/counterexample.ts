/** Writes a violation as a scenario of its own that fails by itself: without the statements that it does not need. */
import type { Program } from '../language/program';
import type { Block, ScenarioDecl, Span, Stmt } from '../language/syntax/ast';
import { choiceText, type Deviation } from '../language/choice';

/** The longest list of choices in the line of the scenario. */
const ONE_LINE = 60;

interface Cut extends Span {
    readonly text: string;
}

/** Checks a text in place of the main file of a program; undefined if it has errors. */
export type Check = (text: string) => Program | undefined;

/**
 * @param text the file of the scenario
 * @param finding the code of a finding that makes it fail
 * @param violates whether the scenario of a program fails in the same way
 * @param avoidable the last choice of a program at which the violation could be avoided, if there is one
 * @returns the text of a file with this scenario only, and the choices in it
 */
export function* counterexample(
    text: string,
    scenario: ScenarioDecl,
    choices: readonly Deviation[],
    finding: string | undefined,
    check: Check,
    violates: (program: Program) => boolean,
    avoidable: (program: Program) => Generator<void, string | undefined>,
): Generator<void, string | undefined> {
    const head = headOf(scenario, choices, undefined);
    const write = (gone: readonly Span[]): string => cut(text, [head, ...gone.map((s) => ({ ...s, text: '' }))]);
    const holds = (gone: readonly Span[]): boolean => {
        const program = check(write(gone));
        return program !== undefined && violates(program);
    };
    const others = otherScenarios(text, scenario, check);
    if (!holds(others)) {
        return undefined;
    }
    let gone: readonly Span[] = others;
    // whole blocks first, then what is in those that stay
    for (let level = [scenario.body]; level.length > 0; ) {
        const kept: Block[] = [];
        for (const s of level.flatMap((block) => [...block.statements]).reverse()) {
            yield;
            const without = [...gone, lineOf(text, s)];
            if (holds(without)) {
                gone = without;
            } else {
                kept.push(...blocksOf(s));
            }
        }
        level = kept;
    }
    const cuts = gone.map((s) => ({ ...s, text: '' }));
    // the numbers of choices can be smaller when statements are left out
    const smallest = check(write(gone));
    const until = smallest && (yield* avoidable(smallest));
    const last = scenario.body.end - 1;
    const assertion = `\n    finally { assert !diagnosed("${finding ?? ''}") }\n`;
    const heading = headOf(scenario, choices, until);
    return tidy(cut(text, [heading, ...cuts, ...(finding ? [{ start: last, end: last, text: assertion }] : [])]));
}

function blocksOf(s: Stmt): Block[] {
    switch (s.kind) {
        case 'in':
        case 'concurrently':
        case 'at':
        case 'while':
        case 'for':
            return [s.body];
        case 'process':
            return s.body ? [s.body] : [];
        case 'if':
            return [
                s.then,
                ...(s.otherwise ? (s.otherwise.kind === 'if' ? blocksOf(s.otherwise) : [s.otherwise]) : []),
            ];
        default:
            return [];
    }
}

/** The head of the scenario, with its choices. */
function headOf({ name, finds, body }: ScenarioDecl, choices: readonly Deviation[], until: string | undefined): Cut {
    const literal = (choice: string): string => `"${choice.replace(/["\\]/g, '\\$&')}"`;
    const list = choices.map((c) => literal(choiceText(c)));
    const whole = list.join(', ');
    const choosing = list.length === 0 ? '' : ` choosing ${whole.length <= ONE_LINE ? whole : list.join(',\n    ')}`;
    const codes = finds && finds.length > 0 ? ` finds ${finds.map((f) => f.name).join(', ')}` : '';
    const last = until === undefined ? '' : ` avoidable_until ${literal(until)}`;
    return { start: name.end, end: body.start, text: `${codes}${choosing}${last} ` };
}

function otherScenarios(text: string, { name }: ScenarioDecl, check: Check): Span[] {
    const program = check(text);
    return (program?.scenarios ?? [])
        .filter((s) => s.name.value !== name.value && (program?.uriOf.get(s) ?? program?.main) === program?.main)
        .map((s) => lineOf(text, s));
}

/** The whole lines of a span if nothing else stands on them. */
function lineOf(text: string, { start, end }: Span): Span {
    const from = text.lastIndexOf('\n', start - 1) + 1;
    const newline = text.indexOf('\n', end);
    const to = newline < 0 ? text.length : newline + 1;
    const before = text.slice(from, start);
    const after = text.slice(end, to);
    if (before.trim() === '' && /^\s*(\/\/.*)?\s*$/.test(after)) {
        return { start: from, end: to };
    }
    const separator = /^\s*;/.exec(after);
    return { start, end: separator ? end + separator[0].length : end };
}

function cut(text: string, cuts: readonly Cut[]): string {
    let result = text;
    // a cut inside of another one goes with it
    const outer = cuts.filter(
        (c) => !cuts.some((o) => o !== c && o.start <= c.start && c.end <= o.end && c.text === ''),
    );
    for (const { start, end, text: by } of [...outer].sort((a, b) => b.start - a.start)) {
        result = result.slice(0, start) + by + result.slice(end);
    }
    return result;
}

function tidy(text: string): string {
    return `${text.replace(/\n{3,}/g, '\n\n').trim()}\n`;
}
