/** The request that goes from a finding to the finding that it follows from, and from there to the mistake. */
import type { DiagnosisCode } from '../emulator/findings/catalogue';
import type { Diagnosis, HistoryLine } from '../emulator/findings/diagnosis';
import type { Place } from '../emulator/findings/place';
import { spansOf } from '../emulator/diagnosis/causes';
import type { PageGeometry } from '../emulator/machine/arch';
import type { Found } from '../emulator/timeline/findings';
import type { Timeline } from '../emulator/timeline/timeline';
import type { Travel } from '../emulator/timeline/travel';
import type { Answer, Serve } from './answer';
import type { Breakpoints } from './breakpoints/breakpoints';
import type { Stopped } from './data/travel';
import { RequestError } from './errors';
import { REQUESTS } from './requests';
import type { Halt } from './run-control';
import type { Sources } from './source';

/** Findings about something that was not preserved: the statement that is missing has no moment. */
const NOT_PRESERVED: ReadonlySet<string> = new Set<DiagnosisCode>(['LU1012', 'LU1038', 'LU1045', 'LU1046']);

/** Functions of the session. */
interface Surroundings {
    readonly sources: Sources;
    readonly breakpoints: Breakpoints;
    /** @throws RequestError if the run does not stand, or has no history */
    stopped(): Stopped;
    /** Tells the user something. */
    say(text: string, place?: Place): void;
}

export class GoingToCauses {
    /** The finding at which the last request has ended, and the position there. */
    private reached: { readonly position: number; readonly finding: Found } | undefined;

    constructor(private readonly session: Surroundings) {}

    serve(serve: Serve): void {
        serve('lus/goToCause', REQUESTS['lus/goToCause'], ({ code }) => this.goToCause(code));
    }

    /** @param code of the finding; undefined: the one at hand */
    private goToCause(code: string | undefined): Answer {
        const { control, timeline, inspection } = this.session.stopped();
        const finding =
            code === undefined
                ? this.findingAt(timeline, control.exception?.diagnosis)
                : timeline.findings.lastWith(code);
        if (!finding) {
            throw new RequestError(
                'noSuchPlace',
                code === undefined
                    ? 'There is no finding up to this moment of the run.'
                    : `There is no finding ${code} in what has run.`,
            );
        }
        return {
            after: () => {
                inspection.changed();
                control.travel(this.toCause(timeline, finding, control.run.host.machine.page));
            },
        };
    }

    /** The finding at which the run has stopped, or to which the last request has gone; else the last one before. */
    private findingAt({ findings, position }: Timeline, stoppedAt: Diagnosis | undefined): Found | undefined {
        const { reached } = this;
        return (
            (stoppedAt && findings.entryOf(stoppedAt)) ??
            (reached?.position === position ? reached.finding : findings.lastUpTo(position))
        );
    }

    private *toCause(timeline: Timeline, finding: Found, page: PageGeometry): Travel<Halt> {
        const { diagnosis } = finding;
        const { cause, code, history } = diagnosis;
        const found = cause && timeline.findings.entryOf(cause);
        if (cause && found) {
            yield* timeline.goToStatement(found.at);
            this.reached = { position: timeline.position, finding: found };
            return this.arrived(timeline, `${code} follows from ${cause.code}: ${cause.message}`);
        }
        // memory that was freed too early; else what the finding is about, where it was made
        const missing = NOT_PRESERVED.has(code)
            ? 'The run has no moment at which the object was preserved. This is the moment at which it was made. '
            : '';
        const freed = history.findLast((h) => h.text.startsWith('freed: '));
        for (const line of freed ? [freed, ...history] : history) {
            if (yield* this.toLine(timeline, finding, line, page)) {
                this.reached = { position: timeline.position, finding };
                return this.arrived(
                    timeline,
                    `${code} follows from no earlier finding. In its history: ${line.text}. ${missing}${diagnosis.advice}`,
                );
            }
        }
        yield* timeline.goToStatement(finding.at);
        this.reached = { position: timeline.position, finding };
        return this.arrived(
            timeline,
            `${code} follows from no earlier finding. This is its moment. ${diagnosis.advice}`,
        );
    }

    /** Goes to the moment of a line of the history of a finding. @returns whether it has found it */
    private *toLine(timeline: Timeline, finding: Found, line: HistoryLine, page: PageGeometry): Travel<boolean> {
        if (line.place) {
            return yield* this.toStatement(timeline, finding, line, line.place);
        }
        const [pages] = spansOf(finding.diagnosis, page);
        if (!pages) {
            return false;
        }
        const subject = { kind: 'owner', pfn: pages.start, count: 1 } as const;
        const { all } = yield* timeline.past.changesOf({ subject, access: 'changes' });
        const change = all.findLast(
            (c) => c.boot === line.boot && c.at <= finding.at && line.text.startsWith(c.after ?? 'nothing'),
        );
        if (change) {
            yield* timeline.goToStatement(change.at);
        }
        return change !== undefined;
    }

    /** Goes back from a finding to the last time that the run was at a statement in a boot. @returns whether it was */
    private *toStatement(timeline: Timeline, finding: Found, { boot }: HistoryLine, place: Place): Travel<boolean> {
        const { breakpoints, sources } = this.session;
        const { line, column } = sources.position(place.uri, place.start);
        yield* timeline.goTo(finding.at);
        const problem = breakpoints.setCursor({ kind: 'line', uri: place.uri, line, column });
        try {
            for (let stop = problem === undefined; stop; ) {
                const back = yield* timeline.runBack();
                stop = back !== null;
                const here = back?.reason === 'breakpoint' && back.ids.some((id) => breakpoints.isCursor(id));
                if (here && timeline.boot === boot) {
                    return true;
                }
            }
            return false;
        } finally {
            breakpoints.setCursor(undefined);
        }
    }

    private arrived({ thread, place }: Timeline, text: string): Halt {
        this.session.say(text, place);
        return { reason: 'goto', thread, description: 'The cause', text };
    }
}
