/** The requests for source breakpoints and function breakpoints. */
import type { DebugProtocol } from '@vscode/debugprotocol';
import type { Code } from '../../emulator/runtime/code';
import type { Executable } from '../../emulator/runtime/executable';
import { counted, listed, percentDecoded } from '../../emulator/text/text';
import type { Answer, Serve } from '../answer';
import { RequestError } from '../errors';
import { REQUESTS, type Arguments } from '../requests';
import type { Position, Sources } from '../source';
import type { Breakpoint, LineWish, Wish } from './breakpoint';
import { NOT_YET, type Breakpoints } from './breakpoints';
import { DataBreakpointRequests, type FindData } from './data-requests';
import { statementsOf, type Statement } from './places';

/** The most places that a message names. */
const MAX_NAMES = 6;

export class BreakpointRequests {
    /** @param executable the code of the present run @param findData throws RequestError if the run does not stand */
    constructor(
        private readonly sources: Sources,
        private readonly breakpoints: Breakpoints,
        private readonly executable: () => Executable | undefined,
        private readonly findData: FindData,
    ) {}

    serve(serve: Serve): void {
        serve('setBreakpoints', REQUESTS.setBreakpoints, (args) => this.setBreakpoints(args));
        serve('setFunctionBreakpoints', REQUESTS.setFunctionBreakpoints, ({ breakpoints }) =>
            this.shownBreakpoints(
                this.breakpoints.setFunctions(
                    breakpoints.map(({ name, condition, hitCondition }) => ({
                        kind: 'function',
                        name,
                        condition,
                        hitCondition,
                    })),
                ),
            ),
        );
        new DataBreakpointRequests(this.breakpoints, this.findData, (b) => this.shown(b)).serve(serve);
        serve('breakpointLocations', REQUESTS.breakpointLocations, (args) => this.breakpointLocations(args));
    }

    private setBreakpoints({ source, breakpoints = [] }: Arguments<'setBreakpoints'>): Answer {
        const uri = this.sources.uriOf(source);
        if (uri === undefined) {
            throw new RequestError('noSuchSource', 'This source has no path.');
        }
        const { lineBase, columnBase } = this.sources.format;
        const wishes = breakpoints.map(
            ({ line, column, condition, hitCondition, logMessage }): LineWish => ({
                kind: 'line',
                uri,
                line: line - lineBase,
                column: column === undefined ? undefined : column - columnBase,
                condition,
                hitCondition,
                logMessage,
            }),
        );
        return this.shownBreakpoints(this.breakpoints.setInSource(uri, wishes));
    }

    private shownBreakpoints(breakpoints: readonly Breakpoint[]): Answer {
        return { body: { breakpoints: breakpoints.map((b) => this.shown(b)) } };
    }

    shown({ id, problem, places, wish }: Breakpoint): DebugProtocol.Breakpoint {
        const bound = problem === undefined;
        const text = problem ?? (wish.kind === 'function' ? this.boundTo(places) : undefined);
        return {
            id,
            verified: bound,
            ...this.shownPlace(wish, places[0]),
            ...(text === undefined ? {} : { message: text }),
            ...(bound ? {} : { reason: problem === NOT_YET ? 'pending' : 'failed' }),
        };
    }

    private shownPlace(
        wish: Wish,
        place: Statement | undefined,
    ): Pick<DebugProtocol.Breakpoint, 'source' | 'line' | 'column' | 'endLine' | 'endColumn'> {
        const uri = wish.kind === 'line' ? wish.uri : place?.code.uri;
        if (uri === undefined) {
            return {};
        }
        const source = this.sources.source(uri);
        if (place) {
            return { source, ...this.sources.range(place.code.uri, place.span) };
        }
        return wish.kind === 'line' ? { source, line: wish.line + this.sources.format.lineBase } : {};
    }

    /** The places of a function breakpoint. Kernels that share a file have the same place. */
    private boundTo(places: readonly Statement[]): string {
        const names = new Map(places.map(({ code, at, span }) => [`${code.uri} ${span.start}`, nameAt(code, at)]));
        const shown = [...names.values()].slice(0, MAX_NAMES);
        const more = names.size - shown.length;
        return `${counted(names.size, 'place')}: ${listed(more > 0 ? [...shown, `${more} more`] : shown)}`;
    }

    private breakpointLocations({
        source,
        line,
        column,
        endLine,
        endColumn,
    }: Arguments<'breakpointLocations'>): Answer {
        const named = this.sources.uriOf(source);
        const uri = named === undefined ? undefined : this.sources.inProgram(named);
        const image = this.executable();
        if (uri === undefined || !image) {
            return { body: { breakpoints: [] } };
        }
        const from = (column ?? 0) - (column === undefined ? 0 : this.sources.format.columnBase);
        const to = endColumn === undefined ? Infinity : endColumn - this.sources.format.columnBase;
        const first = line - this.sources.format.lineBase;
        const last = endLine === undefined ? first : endLine - this.sources.format.lineBase;
        const found = statementsOf(image, this.sources, uri).filter(
            ({ at }) =>
                at.line >= first &&
                at.line <= last &&
                (at.line > first || at.column >= from) &&
                (at.line < last || at.column <= to),
        );
        const places = new Map(found.map((s) => [s.span.start, this.sources.range(uri, s.span)]));
        return { body: { breakpoints: [...places.values()] } };
    }
}

/** `memfd.freeze (memfd.lus:120)` */
function nameAt({ name, uri }: Code, { line }: Position): string {
    return `${name} (${percentDecoded(uri.slice(uri.lastIndexOf('/') + 1))}:${line + 1})`;
}
