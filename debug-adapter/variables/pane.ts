/** The variables pane: items as the protocol's variables, in pages if the client asks for paging. */

import type { DebugProtocol } from '@vscode/debugprotocol';
import { hex } from '../../emulator/text/text';
import { RequestError } from '../errors';
import type { Arguments } from '../requests';
import { Handles, itemAt, numberKey, RANGE, rangesOf } from './handles';
import { keyOf, namedItems, valueIn, type Children, type Item } from '../../emulator/presentation/item';

/** The number format that a client asks for. */
export interface NumberFormat {
    readonly hex?: boolean | undefined;
}

export class Pane {
    readonly handles = new Handles();
    /** The keys of the elements that were sent since the run stopped, by reference and name: there may be billions. */
    private readonly sent = new Map<string, string>();

    /** The run continues. */
    invalidate(): void {
        this.handles.invalidate();
        this.sent.clear();
    }

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
    variables({
        variablesReference: ref,
        filter,
        start,
        count,
        format,
    }: Arguments<'variables'>): DebugProtocol.Variable[] {
        const shown = (key: string, item: Item): DebugProtocol.Variable => this.variable(ref, key, item, format);
        const element = (key: string, item: Item): DebugProtocol.Variable => {
            this.sent.set(`${ref}/${item.name}`, key);
            return shown(key, item);
        };
        const children = this.children(ref);
        const { indexed } = children;
        const names = filter === 'indexed' ? [] : namedItems(children);
        const length = indexed && filter !== 'named' ? indexed.count : 0;
        const from = start ?? 0;
        const whole = !count;
        const to = whole ? names.length + length : Math.min(from + count, names.length + length);
        const named = names.slice(from, to).map((item) => shown(keyOf(item), item));
        if (!indexed || length === 0) {
            return named;
        }
        if (whole && length > RANGE) {
            return [...named, ...rangesOf(indexed).map((item) => shown(keyOf(item), item))];
        }
        const first = Math.max(from - names.length, 0);
        return [...named, ...numbers(first, to - names.length).map((i) => element(numberKey(i), indexed.item(i)))];
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
        if (item) {
            return { key: keyOf(item), item };
        }
        const key = this.sent.get(`${ref}/${name}`);
        const found = key === undefined ? undefined : itemAt(children, [key]);
        return key !== undefined && found?.name === name ? { key, item: found } : indexedNamed(children, name);
    }

    variable(ref: number, key: string, item: Item, format?: NumberFormat): DebugProtocol.Variable {
        const { name, type, children, address, evaluateName, kind, assign } = item;
        const attributes = assign ? {} : { attributes: ['readOnly'] };
        return {
            name,
            value: valueIn(item, format?.hex ?? this.handles.asHex(ref)),
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
