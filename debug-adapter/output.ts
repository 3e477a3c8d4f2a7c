/** Lines for the debug console: the kernel log, `log()`, log points, findings, and the outcome of the run. */
import type { DebugProtocol } from '@vscode/debugprotocol';
import type { LogLine } from '../emulator/kernel/klog';
import type { Span } from '../emulator/language/syntax/ast';
import type { Place } from '../emulator/findings/place';
import type { Listener } from '../emulator/runtime/listener';
import type { CheckFinding } from '../emulator/language/check-finding';
import type { Outcome } from '../emulator/runtime/stop';
import type { ErrorOrigin } from '../emulator/runtime/error-origins';
import { originTitle, shownStack, stackText } from './error-origin';
import { updateLine, type UpdateReport } from '../emulator/diagnosis/update-report';
import type { Sources } from './source';

export type Category = 'console' | 'important' | 'stdout' | 'stderr';

export class Output {
    constructor(
        private readonly sources: Sources,
        private readonly send: (body: DebugProtocol.OutputEvent['body']) => void,
    ) {}

    /** A line with its place. */
    line(category: Category, text: string, uri?: string, span?: Span): void {
        const output = `${text}\n`;
        if (uri === undefined || span === undefined) {
            this.send({ category, output });
            return;
        }
        const { line, column } = this.sources.range(uri, span);
        this.send({ category, output, source: this.sources.source(uri), line, column });
    }

    at(category: Category, text: string, place: Place | undefined): void {
        this.line(category, text, place?.uri, place);
    }

    /** The listener for a run's output. */
    listener(more: Pick<Listener, 'threadStarted' | 'threadEnded'>): Listener {
        return { ...more, log: (line, place) => this.at(categoryOf(line), logText(line), place) };
    }

    finding({ uri, span, severity, code, message }: CheckFinding): void {
        this.line('stderr', `${this.sources.placeText(uri, span.start)}: ${severity} ${code}: ${message}`, uri, span);
    }

    /** The blackout of guests and its parts. @param timeline the address of the timeline in a client that has one */
    updates(updates: readonly UpdateReport[], timeline: string | undefined): void {
        const link = timeline === undefined ? {} : { source: { name: 'Update Timeline', path: timeline }, line: 1 };
        for (const u of updates) {
            this.send({ category: 'stdout', output: `${updateLine(u, updates)}\n`, ...link });
        }
    }

    /** @param origin of the error of the failure */
    outcome(scenario: string, { passed, failure }: Outcome, origin: ErrorOrigin | null): void {
        if (passed) {
            this.line('stdout', `Scenario ${JSON.stringify(scenario)} passed.`);
            return;
        }
        const place = failure?.place;
        const where = place ? `\n    at ${this.sources.placeText(place.uri, place.start)}` : '';
        this.at(
            'stderr',
            `Scenario ${JSON.stringify(scenario)} failed: ${failure?.message ?? 'no reason given'}${where}`,
            place,
        );
        if (origin) {
            this.at('stderr', originTitle(origin), origin.stack[0]?.place);
            for (const entry of shownStack(origin)) {
                this.at('stderr', `    ${stackText(this.sources, entry)}`, entry.place);
            }
        }
    }
}

function categoryOf({ level }: LogLine): Category {
    switch (level) {
        case 'emerg':
        case 'err':
            return 'stderr';
        case 'warn':
            // editors show it as a warning
            return 'console';
        default:
            return 'stdout';
    }
}

/** A line in the format of dmesg: seconds since the machine was switched on. Output of `log()` is printed unchanged. */
function logText({ level, text, time }: LogLine): string {
    return level === 'log' ? text : `[${(time / 1e9).toFixed(6).padStart(12)}] ${text}`;
}
