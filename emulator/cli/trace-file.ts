/** Writes the traces of runs to one file. */
import { MemoryArchive } from '../presentation/memory/archive';
import type { PackedMemory } from '../presentation/memory/packed';
import type { Host } from '../runtime/host/host';
import { Tracer, type TraceEvent } from '../trace/trace';
import { writeAll, writeOutput } from './output-file';

/** The version of the tracks, names and arguments of the trace; the file format has its own rules. */
const VERSION = 1;

export class TraceFile {
    private readonly all: TraceEvent[] = [];
    private readonly memory: PackedMemory[] = [];
    private runs = 0;
    /** Of the run that is traced. */
    private archive: { readonly of: MemoryArchive; readonly scenario: string } | undefined;

    /**
     * @param titled whether there are several scenarios, which the trace distinguishes by name
     * @param withMemory whether the memory at each kexec and at the end is written, too
     */
    constructor(
        private readonly name: string,
        private readonly titled: boolean,
        private readonly withMemory: boolean,
    ) {}

    tracer(host: Host, scenario: string): Tracer {
        this.archive = this.withMemory ? { of: new MemoryArchive(host), scenario } : undefined;
        return new Tracer(host, this.runs++, this.titled ? scenario : '');
    }

    add(events: readonly TraceEvent[]): void {
        for (const e of events) {
            this.all.push(e);
        }
        if (this.archive) {
            this.memory.push(this.archive.of.packed(this.archive.scenario));
        }
    }

    /** @throws BadArguments if the file cannot be written */
    write(): void {
        const other = { version: VERSION, ...(this.withMemory ? { memory: this.memory } : {}) };
        writeOutput(this.name, (fd) =>
            writeAll(
                fd,
                `{"displayTimeUnit":"ns","otherData":${JSON.stringify(other)},"traceEvents":[\n${this.all.map((e) => JSON.stringify(e)).join(',\n')}\n]}\n`,
            ),
        );
    }

    /** The summary for the user, in one sentence. */
    summary(): string {
        return `Wrote the trace: ${this.name} (open it at https://ui.perfetto.dev or in chrome://tracing)`;
    }
}
