/** Constants outside of all code: what entries of machines and kernels take. */
import type { Expr } from '../syntax/ast';
import type { Type } from '../types';
import type { Folder } from './fold';
import { describeType } from './types-of';
import type { World } from './program-builder';

/** What an expression outside of all code is checked with. */
export interface Settings {
    readonly world: World;
    readonly folder: Folder;
    readonly uri: string;
    readonly expr: (e: Expr) => Type;
}

/** The value of a constant integer below 2^53, with a complaint where it is none. */
export function constant(s: Settings, e: Expr, what: string): number | undefined {
    if (e.kind === 'error') {
        return undefined;
    }
    const type = s.expr(e);
    const value = s.folder.value(s.uri, e);
    if (typeof value === 'number') {
        return value;
    }
    if (type.k !== 'any') {
        s.world.report(
            'error',
            'LU0312',
            s.uri,
            e,
            type.k === 'int'
                ? `${what} is a constant below 2^53: a number as 2GiB, or a \`const\`.`
                : `${what} is a number, not ${describeType(type)}.`,
        );
    }
    return undefined;
}
