/** A thing that code names, as plain data: what editors, the web and tests are told. */
import type { Span } from '../language/syntax/ast';
import type { Type, Value } from '../language/types';
import type { DocPlace } from './documentation';
import type { Location } from './declarations';
import type { ShippedKind } from './subjects';

export type SymbolKind =
    | 'variable'
    | 'process'
    | 'process variable'
    | 'field'
    | 'constant'
    | 'function'
    | 'method'
    | 'parameter'
    | 'callback'
    | 'struct'
    | 'handler'
    | 'FLB'
    | 'scenario'
    | 'device'
    | 'global'
    | 'file'
    | 'keyword'
    | 'setting'
    | ShippedKind;

/** Where something is declared. */
export interface Declaration extends Location {
    /** Of its name; {@link whole} is all of it. */
    readonly span: Span;
    readonly whole: Span;
}

/** A thing that code names, as plain data. */
export interface SymbolInfo {
    readonly kind: SymbolKind;
    readonly name: string;
    /** The same for whatever names the same thing, in this check of the program and the next. */
    readonly key: string;
    /** One line that says what it is, as one would declare or call it. */
    readonly signature: string;
    /** In Markdown. */
    readonly doc?: string | undefined;
    readonly type?: Type | undefined;
    /** Of a constant. */
    readonly value?: Value;
    readonly declaration?: Declaration | undefined;
    /** Where the documentation says more. */
    readonly page?: DocPlace | undefined;
}

/** A symbol where it is named. */
export interface NamedSymbol extends SymbolInfo {
    /** The word at the offset. */
    readonly span: Span;
}
