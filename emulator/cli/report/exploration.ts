/** What `lus explore` reports of a scenario: as data, and for people. */
import type { Exploration } from '../../explore/explore';
import type { Violation } from '../../explore/judge';
import type { Moment } from '../../explore/inevitable';
import { namesOf } from '../../explore/names';
import type { OutcomeClass } from '../../explore/results';
import type { Verdict } from '../../explore/outcome';
import { choiceText } from '../../language/choice';
import { counted } from '../../text/text';
import type { Files } from '../files';
import type { Where } from '../results';
import type { Style } from '../style';
import { spot, whereOf } from '../where';

export interface OutcomeReport {
    /** What it differs in from the other outcomes. */
    readonly name: string;
    readonly verdict: Verdict;
    /** Why it has not passed. */
    readonly message: string | null;
    readonly where: Where | null;
    readonly findings: readonly string[];
    /** How many courses within the bounds have this outcome, without those with switches that were left out. */
    readonly courses: number;
    readonly faults: number;
    readonly switches: number;
    /** The choices of the shortest course to it, for `--choices` and `choosing`. */
    readonly choices: readonly string[];
}

export interface ViolationReport {
    readonly message: string;
    readonly where: Where | null;
    /** None of them can be left out. */
    readonly choices: readonly string[];
    readonly inevitable: {
        readonly by: string;
        readonly where: Where | null;
        readonly operation: number;
        /** The name of the last choice that could avoid it, with its number: `schedule #7`. */
        readonly before: string;
        readonly choice: string;
        readonly instead: string;
    } | null;
    /** A file with a scenario that fails by itself. */
    readonly counterexample: string | null;
}

export interface ExplorationReport {
    readonly scenario: string;
    readonly complete: boolean;
    /** `1/3`, if this is one of several parts. */
    readonly part: string | null;
    /** All courses with so many faults and switches together were tried; −1: not even the usual one; null: all. */
    readonly completeUpTo: number | null;
    /** How many courses are still to be gone on with. */
    readonly left: number;
    readonly branches: number;
    /** How many switches were left out, because they cannot change an outcome. */
    readonly switchesLeftOut: number;
    readonly ends: number;
    readonly states: number;
    /** The most states that find room in the memory. */
    readonly room: number;
    readonly full: boolean;
    readonly outcomes: readonly OutcomeReport[];
    readonly violations: readonly ViolationReport[];
    readonly coverage: readonly {
        readonly what: string;
        readonly alternative: string;
        readonly met: number;
        readonly taken: number;
        /** Why it was not taken at the others. */
        readonly reason: string | null;
    }[];
}

export function explorationReport(
    files: Files,
    exploration: Exploration,
    violations: readonly Violation[],
): ExplorationReport {
    const { classes } = exploration;
    const names = namesOf(
        classes.map((c) => c.outcome),
        (uri, offset) => files.lines(uri).position(offset).line,
    );
    const placed = (c: OutcomeClass): Where | null =>
        c.outcome.place ? whereOf(files, c.outcome.place.uri, c.outcome.place) : null;
    return {
        scenario: exploration.scenario,
        complete: exploration.complete,
        part: exploration.part && `${exploration.part.index}/${exploration.part.count}`,
        completeUpTo: exploration.completeUpTo,
        left: exploration.left,
        branches: exploration.branches,
        switchesLeftOut: exploration.switchesLeftOut,
        ends: exploration.ends,
        states: exploration.states,
        room: exploration.room,
        full: exploration.full,
        outcomes: classes.map((c, i) => ({
            name: names[i] ?? '',
            verdict: c.outcome.verdict,
            message: c.outcome.message === '' ? null : c.outcome.message,
            where: placed(c),
            findings: c.outcome.findings,
            courses: c.count,
            faults: c.faults,
            switches: c.switches,
            choices: c.example.map(choiceText),
        })),
        violations: violations.map((v) => ({
            message: v.of.outcome.message,
            where: placed(v.of),
            choices: v.choices.map(choiceText),
            inevitable: v.inevitable ? momentReport(files, v.inevitable) : null,
            counterexample: v.text ?? null,
        })),
        coverage: exploration.coverage,
    };
}

function momentReport(files: Files, moment: Moment): ViolationReport['inevitable'] {
    const { by, place, at, before, choice, instead } = moment;
    return { by, where: place ? whereOf(files, place.uri, place) : null, operation: at, before, choice, instead };
}

const MARKS: Readonly<Record<Verdict, string>> = { passed: '✓', stopped: '·', violated: '✗' };

export function prettyExploration(r: ExplorationReport, style: Style): string {
    const lines = [style.strong(r.scenario), ''];
    lines.push(`${counted(r.outcomes.length, 'outcome')}:`);
    for (const o of r.outcomes) {
        const mark = o.verdict === 'violated' ? style.bad(MARKS[o.verdict]) : style.good(MARKS[o.verdict]);
        lines.push(`  ${mark} ${o.name === '' ? 'as the scenario says' : o.name}`);
        if (o.message !== null) {
            lines.push(`      ${o.where ? `${spot(o.where)}: ` : ''}${o.message}`);
        }
        const choices = o.choices.length > 0 ? o.choices.join(', ') : 'the usual choices';
        lines.push(style.dim(`      ${counted(o.courses, 'course')}, the shortest: ${choices}`));
    }
    for (const v of r.violations) {
        lines.push('', `${style.bad('Violation:')} ${v.message}`);
        lines.push(
            `  choices: ${v.choices.length > 0 ? v.choices.join(', ') : 'none, it happens in the usual course'}`,
        );
        const { inevitable: m } = v;
        if (m) {
            const place = m.where ? ` at ${spot(m.where)}` : '';
            lines.push(`  could be avoided until: ${m.by}${place}, by ${m.instead} instead of ${m.choice}`);
        }
    }
    if (r.coverage.length > 0) {
        const width = Math.max(...r.coverage.map((c) => c.what.length));
        lines.push('', 'Tried:');
        for (const c of r.coverage) {
            const left = c.met - c.taken;
            const rest = c.reason === null ? '' : style.warn(`, ${left} of them not: ${c.reason}`);
            lines.push(`  ${c.what.padEnd(width)}  ${c.alternative} at ${counted(c.met, 'place')}${rest}`);
        }
    }
    lines.push('', extent(r));
    return `${lines.join('\n')}\n`;
}

function extent(r: ExplorationReport): string {
    const room = r.full ? ', for which the memory is used up (--memory)' : '';
    const courses = r.outcomes.reduce((sum, o) => sum + o.courses, 0);
    const leftOut =
        r.switchesLeftOut > 0
            ? ` (${counted(r.switchesLeftOut, 'switch')} left out that cannot change an outcome)`
            : '';
    const searched = `${counted(r.branches, 'branch')} for ${counted(courses, 'course')}${leftOut}, ${counted(r.ends, 'end')}, ${counted(r.states, 'state')} of at most ${r.room}${room}`;
    if (r.completeUpTo === null) {
        return r.part
            ? `Part ${r.part} of the search is complete: ${searched}. lus report merge joins the parts.`
            : `The search is complete: ${searched}.`;
    }
    const upTo =
        r.completeUpTo < 0
            ? 'not even for the usual course'
            : `only for courses with at most ${r.completeUpTo} faults and switches together`;
    return `The search is not complete, ${upTo}. ${counted(r.left, 'course')} left to go on with: ${searched}.`;
}
