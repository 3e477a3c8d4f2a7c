/** Writes the traces of runs to one file. */
import type { Host } from '../runtime/host/host';
import { Tracer, type TraceEvent } from '../trace/trace';
import { writeAll, writeOutput } from './output-file';

/** The version of the tracks, names and arguments of the trace; the file format has its own rules. */
const VERSION = 1;

export class TraceFile {
    private readonly all: TraceEvent[] = [];
    private runs = 0;

    /** @param titled whether there are several scenarios, which the trace distinguishes by name */
    constructor(
        private readonly name: string,
        private readonly titled: boolean,
    ) {}

    tracer(host: Host, scenario: string): Tracer {
        return new Tracer(host, this.runs++, this.titled ? scenario : '');
    }

    add(events: readonly TraceEvent[]): void {
        for (const e of events) {
            this.all.push(e);
        }
    }

    /** @throws BadArguments if the file cannot be written */
    write(): void {
        writeOutput(this.name, (fd) =>
            writeAll(
                fd,
                `{"displayTimeUnit":"ns","otherData":{"version":${VERSION}},"traceEvents":[\n${this.all.map((e) => JSON.stringify(e)).join(',\n')}\n]}\n`,
            ),
        );
    }

    /** The summary for the user, in one sentence. */
    summary(): string {
        return `Wrote the trace: ${this.name} (open it at https://ui.perfetto.dev or in chrome://tracing)`;
    }
}
