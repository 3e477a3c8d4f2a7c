/** Source files in the protocol: positions, and references to sources that are not on disk. */
import type { DebugProtocol } from '@vscode/debugprotocol';
import { percentDecoded } from '../emulator/text/text';
import { SHIPPED_SOURCES, STD_SCHEME } from '../emulator/std/texts';
import { canonicalUri } from '../emulator/language/paths';
import type { Span } from '../emulator/language/syntax/ast';
import { LineMap } from '../emulator/language/syntax/positions';
import type { Paths } from './host';

/** Lines and columns from 0. */
export interface Position {
    readonly line: number;
    readonly column: number;
}

/** The client's conventions for positions and paths. */
export interface ClientFormat {
    readonly lineBase: 0 | 1;
    readonly columnBase: 0 | 1;
    readonly pathsAreUris: boolean;
}

/** A range in the client's convention. */
export interface ClientRange {
    readonly line: number;
    readonly column: number;
    readonly endLine: number;
    readonly endColumn: number;
}

/** The origin of the standard library's sources. */
const STD_ORIGIN = 'Linux 7.2, std';
const STD_URIS = [...SHIPPED_SOURCES.keys()];

export class Sources {
    format: ClientFormat = { lineBase: 1, columnBase: 1, pathsAreUris: false };
    private readonly lines = new Map<string, LineMap>();

    /** @param files of the running runs */

    constructor(
        private readonly paths: Paths,
        private readonly files: () => ReadonlyMap<string, { readonly text: string }> | undefined,
    ) {}

    /**
     * The URI of a file that a client or a launch configuration gives. Some clients change the names of shipped
     * sources: `dap-src://1/1/lus-std:/kernel.lus`.
     */
    uriOfPath(path: string): string {
        const shipped = path.indexOf(`${STD_SCHEME}/`);
        if (shipped >= 0 && SHIPPED_SOURCES.has(path.slice(shipped))) {
            return path.slice(shipped);
        }
        return /^[a-z][a-z0-9+.-]+:/i.test(path) ? canonicalUri(path) : this.paths.toUri(path);
    }

    /** The file of the program with a URI, otherwise the same file with another path. */
    inProgram(uri: string): string {
        const files = this.files();
        if (!files || files.has(uri) || SHIPPED_SOURCES.has(uri)) {
            return uri;
        }
        const plain = (u: string): string => percentDecoded(u).normalize();
        const real = this.paths.real?.(uri);
        const same = (u: string): boolean =>
            plain(u) === plain(uri) || (real !== undefined && this.paths.real?.(u) === real);
        return [...files.keys()].find(same) ?? uri;
    }

    /** The URI of a client's source; undefined if it has none. */
    uriOf(source: {
        readonly path?: string | undefined;
        readonly name?: string | undefined;
        readonly sourceReference?: number | undefined;
    }): string | undefined {
        if (source.sourceReference !== undefined && source.sourceReference > 0) {
            return STD_URIS[source.sourceReference - 1];
        }
        return source.path === undefined ? undefined : this.uriOfPath(source.path);
    }

    /** The text of a source reference. */
    textOfReference(reference: number): string | undefined {
        const uri = STD_URIS[reference - 1];
        return uri === undefined ? undefined : SHIPPED_SOURCES.get(uri);
    }

    source(uri: string): DebugProtocol.Source {
        const name = uri.slice(uri.lastIndexOf('/') + 1);
        const reference = STD_URIS.indexOf(uri) + 1;
        if (reference > 0) {
            return { name, path: uri, sourceReference: reference, origin: STD_ORIGIN };
        }
        return {
            name: percentDecoded(name),
            path: this.format.pathsAreUris ? uri : (this.paths.toPath(uri) ?? uri),
        };
    }

    text(uri: string): string {
        return SHIPPED_SOURCES.get(uri) ?? this.files()?.get(uri)?.text ?? '';
    }

    /** The position of an offset, from 0. */
    position(uri: string, offset: number): Position {
        const { line, column } = this.linesOf(uri).position(offset);
        return { line: line - 1, column: column - 1 };
    }

    /** A span in the client's convention; of a span of several lines (a block) only the first line. */
    range(uri: string, span: Span): ClientRange {
        const { lineBase, columnBase } = this.format;
        const start = this.position(uri, span.start);
        const lineEnd = this.text(uri).indexOf('\n', span.start);
        const end = this.position(uri, lineEnd < 0 ? span.end : Math.min(span.end, lineEnd));
        return {
            line: start.line + lineBase,
            column: start.column + columnBase,
            endLine: end.line + lineBase,
            endColumn: end.column + columnBase,
        };
    }

    /** `path:12:5`, for messages: lines and columns from 1. */
    placeText(uri: string, offset: number): string {
        const { line, column } = this.position(uri, offset);
        return `${this.paths.toPath(uri) ?? uri}:${line + 1}:${column + 1}`;
    }

    private linesOf(uri: string): LineMap {
        const text = this.text(uri);
        let lines = this.lines.get(uri);
        if (lines?.text !== text) {
            lines = new LineMap(text);
            this.lines.set(uri, lines);
        }
        return lines;
    }
}
