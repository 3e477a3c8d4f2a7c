/** The variables pane: items as the protocol's variables, in pages where the client reads them so. */
import type { DebugProtocol } from '@vscode/debugprotocol';
import { hex } from '../../emulator/text/text';
import { RequestError } from '../errors';
import type { Arguments } from '../requests';
import { Handles, numberKey, RANGE, rangesOf } from './handles';
import { keyOf, namedItems, type Children, type Item } from '../../emulator/presentation/item';

export class Pane {
    readonly handles = new Handles();

    /** @param pages the client reads long collections in pages */
    constructor(private readonly pages: boolean) {}

    /** @param make see {@link Handles.root} */
    scope(name: string, key: string, make: () => Children, hint?: string): DebugProtocol.Scope {
        return {
            name,
            variablesReference: this.handles.root(key, make),
            expensive: false,
            ...counts(make()),
            ...(hint === undefined ? {} : { presentationHint: hint }),
        };
    }

    variables({ variablesReference: ref, filter, start, count }: Arguments<'variables'>): DebugProtocol.Variable[] {
        const children = this.children(ref);
        const named =
            filter === 'indexed' ? [] : namedItems(children).map((item) => this.variable(ref, keyOf(item), item));
        const { indexed } = children;
        if (!indexed || filter === 'named') {
            return filter === 'named' ? named : page(named, start, count);
        }
        const variable = (i: number): DebugProtocol.Variable => this.variable(ref, numberKey(i), indexed.item(i));
        if (filter === 'indexed') {
            return numbers(start ?? 0, Math.min(indexed.count, count ? (start ?? 0) + count : indexed.count)).map(
                variable,
            );
        }
        if (!this.pages && !count && indexed.count > RANGE) {
            return [...named, ...rangesOf(indexed).map((item) => this.variable(ref, keyOf(item), item))];
        }
        return page([...named, ...numbers(0, indexed.count).map(variable)], start, count);
    }

    /** What a reference unfolds into. @throws RequestError where that is gone. */
    children(ref: number): Children {
        const children = this.handles.get(ref);
        if (!children) {
            throw new RequestError('variablesGone', 'These variables are gone: the run has gone on.');
        }
        return children;
    }

    /** The item of this name below a reference, with the key that it has there. */
    named(ref: number, name: string): { readonly key: string; readonly item: Item } | undefined {
        const children = this.children(ref);
        const item = namedItems(children).find((i) => i.name === name);
        return item ? { key: keyOf(item), item } : indexedNamed(children, name);
    }

    variable(ref: number, key: string, item: Item): DebugProtocol.Variable {
        const { name, value, type, children, address, evaluateName, kind, assign } = item;
        const attributes = assign ? {} : { attributes: ['readOnly'] };
        return {
            name,
            value,
            variablesReference: this.handles.of(ref, key, item),
            ...(children ? counts(children) : {}),
            ...(type === undefined ? {} : { type }),
            ...(address === undefined ? {} : { memoryReference: hex(address) }),
            ...(evaluateName === undefined ? {} : { evaluateName }),
            presentationHint: kind === undefined ? attributes : { kind, ...attributes },
        };
    }
}

function indexedNamed({ indexed }: Children, name: string): { readonly key: string; readonly item: Item } | undefined {
    for (let i = 0; indexed && i < indexed.count; i++) {
        const item = indexed.item(i);
        if (item.name === name) {
            return { key: numberKey(i), item };
        }
    }
    return undefined;
}

/** What clients that page need to know. */
function counts(children: Children): { readonly namedVariables?: number; readonly indexedVariables?: number } {
    const { indexed } = children;
    return indexed && indexed.count > 0
        ? { indexedVariables: indexed.count, namedVariables: children.named?.().length ?? 0 }
        : {};
}

function page<T>(list: readonly T[], start: number | undefined, count: number | undefined): T[] {
    return list.slice(start ?? 0, count ? (start ?? 0) + count : undefined);
}

function numbers(from: number, to: number): number[] {
    return Array.from({ length: Math.max(to - from, 0) }, (_, i) => from + i);
}
