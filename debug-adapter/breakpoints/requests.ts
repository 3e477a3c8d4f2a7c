/** The requests for source breakpoints and function breakpoints. */
import type { DebugProtocol } from '@vscode/debugprotocol';
import type { Executable } from '../../emulator/runtime/executable';
import type { Answer, Serve } from '../answer';
import { RequestError } from '../errors';
import { REQUESTS, type Arguments } from '../requests';
import type { Sources } from '../source';
import type { Breakpoint, LineWish } from './breakpoint';
import { NOT_YET, type Breakpoints } from './breakpoints';
import { statementsOf } from './places';

export class BreakpointRequests {
    /** @param executable the code of the present run */
    constructor(
        private readonly sources: Sources,
        private readonly breakpoints: Breakpoints,
        private readonly executable: () => Executable | undefined,
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

    shown({ id, problem, place, wish }: Breakpoint): DebugProtocol.Breakpoint {
        return {
            id,
            verified: problem === undefined,
            ...(wish.kind === 'line' ? this.shownPlace(wish, place) : {}),
            ...(problem === undefined ? {} : { message: problem, reason: problem === NOT_YET ? 'pending' : 'failed' }),
        };
    }

    private shownPlace(
        { uri, line }: LineWish,
        place: Breakpoint['place'],
    ): Pick<DebugProtocol.Breakpoint, 'source' | 'line' | 'column' | 'endLine' | 'endColumn'> {
        const source = this.sources.source(uri);
        return place
            ? { source, ...this.sources.range(this.sources.inProgram(uri), place.span) }
            : { source, line: line + this.sources.format.lineBase };
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
