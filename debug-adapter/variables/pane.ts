/** The variables pane: items as the protocol's variables, in pages if the client asks for paging. */

import type { DebugProtocol } from '@vscode/debugprotocol';
import { hex } from '../../emulator/text/text';
import { RequestError } from '../errors';
import type { Arguments } from '../requests';
import { Handles, numberKey, RANGE, rangesOf } from './handles';
import { keyOf, namedItems, type Children, type Item } from '../../emulator/presentation/item';

export class Pane {
    readonly handles = new Handles();

    scope(name: string, key: string, make: () => Children, hint?: string): DebugProtocol.Scope {
        return {
            name,
            variablesReference: this.handles.root(key, make),
            expensive: false,
            ...counts(make()),
            ...(hint === undefined ? {} : { presentationHint: hint }),
        };
    }

    /** Only the requested children of a reference are created: collections may have millions of items. */
    variables({ variablesReference: ref, filter, start, count }: Arguments<'variables'>): DebugProtocol.Variable[] {
        const children = this.children(ref);
        const { indexed } = children;
        const names = filter === 'indexed' ? [] : namedItems(children);
        const length = indexed && filter !== 'named' ? indexed.count : 0;
        const from = start ?? 0;
        const whole = !count;
        const to = whole ? names.length + length : Math.min(from + count, names.length + length);
        const named = names.slice(from, to).map((item) => this.variable(ref, keyOf(item), item));
        if (!indexed || length === 0) {
            return named;
        }
        if (whole && length > RANGE) {
            return [...named, ...rangesOf(indexed).map((item) => this.variable(ref, keyOf(item), item))];
        }
        const first = Math.max(from - names.length, 0);
        return [
            ...named,
            ...numbers(first, to - names.length).map((i) => this.variable(ref, numberKey(i), indexed.item(i))),
        ];
    }

    /** The children of a reference. @throws RequestError if it no longer exists. */
    children(ref: number): Children {
        const children = this.handles.get(ref);
        if (!children) {
            throw new RequestError('variablesGone', 'These variables no longer exist: the run has continued.');
        }
        return children;
    }

    /** The child with this name, with its key. */
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

/** The numbers of children, for clients with paging. */
function counts(children: Children): { readonly namedVariables?: number; readonly indexedVariables?: number } {
    const { indexed } = children;
    return indexed && indexed.count > 0
        ? { indexedVariables: indexed.count, namedVariables: children.named?.().length ?? 0 }
        : {};
}

function numbers(from: number, to: number): number[] {
    return Array.from({ length: Math.max(to - from, 0) }, (_, i) => from + i);
}
