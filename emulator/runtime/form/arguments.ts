/**
 * Binds arguments to parameters: by name, otherwise by position; the remaining ones go to a rest parameter.
 */

export interface Given<T> {
    readonly name: string | undefined;
    readonly value: T;
}

export interface Bound<T> {
    /** By parameter; undefined for omitted arguments. */
    readonly values: readonly (T | undefined)[];
    readonly rest: readonly T[];
    /** An argument has no parameter. */
    readonly misfit: boolean;
}

export function bindArguments<T>(
    params: readonly { readonly name: string; readonly rest?: boolean }[],
    given: readonly Given<T>[],
): Bound<T> {
    const values: (T | undefined)[] = params.map(() => undefined);
    const rest: T[] = [];
    const restAt = params.findIndex((p) => p.rest);
    let misfit = false;
    let next = 0;
    for (const { name, value } of given) {
        const at = name === undefined ? next++ : params.findIndex((p) => p.name === name);
        if (restAt >= 0 && name === undefined && at >= restAt) {
            rest.push(value);
        } else if (at < 0 || at >= params.length) {
            misfit = true;
        } else {
            values[at] = value;
        }
    }
    return { values, rest, misfit };
}
