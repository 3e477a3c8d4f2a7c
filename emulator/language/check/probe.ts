/** The names in scope at a place of the code, for completion. The checker records them when it reaches the place. */
import type { Span } from '../syntax/ast';
import type { Context, Type } from '../types';

/** A variable that can be read. */
export interface VisibleName {
    readonly name: string;
    readonly type: Type;
}

/** The state before a statement. */
export interface ProbedScope {
    readonly context: Context;
    /** The process whose block it is in. */
    readonly process: string | undefined;
    readonly inLoop: boolean;
    /** `return` is allowed there. */
    readonly returns: boolean;
    /** Variables: the innermost first, then those of the process, then the fields of the file kind. */
    readonly names: readonly VisibleName[];
    /** The processes that were started before, and whether they still run. */
    readonly processes: ReadonlyMap<string, 'alive' | 'dead' | 'maybe'>;
    /** The variables of processes that can be read from outside. */
    readonly processVars: ReadonlyMap<string, readonly VisibleName[]>;
    /** No kernel was booted yet. */
    readonly beforeBoot: boolean;
}

/** A place in a file. Of the statements around it, the one that is checked last is the innermost. */
export class Probe {
    scope: ProbedScope | undefined;

    constructor(
        private readonly uri: string,
        private readonly offset: number,
    ) {}

    isIn(uri: string, { start, end }: Span): boolean {
        return uri === this.uri && start <= this.offset && this.offset <= end;
    }
}
