/** The sources of a run: the files of its program, and those of the kernels that have run in it. */
import type { Host as RunHost } from '../emulator/runtime/host/host';
import type { Answer } from './answer';
import type { Sources } from './source';

export class LoadedSources {
    /** Those that the client knows; undefined: it has not asked for them. */
    private known: Set<string> | undefined;

    constructor(
        private readonly sources: Sources,
        private readonly event: (name: string, body: object) => void,
    ) {}

    /** @param run undefined: nothing is launched */
    answer(run: RunHost | undefined): Answer {
        const uris = run ? urisOf(run) : [];
        this.known = new Set(uris);
        return { body: { sources: uris.map((uri) => this.sources.source(uri)) } };
    }

    /** The run has stopped, perhaps in another kernel. */
    stopped(run: RunHost): void {
        for (const uri of this.known ? urisOf(run) : []) {
            if (this.known?.has(uri) === false) {
                this.known.add(uri);
                this.event('loadedSource', { reason: 'new', source: this.sources.source(uri) });
            }
        }
    }
}

function urisOf({ declarations, library }: RunHost): string[] {
    return [...new Set([...declarations.program.files.keys(), ...library.files.keys()])];
}
