/** A symbol, as plain data for editors, the web and tests. */
import type { Span } from '../language/syntax/ast';
import type { Type, Value } from '../language/types';
import type { DocPlace } from './documentation';
import type { Location } from './processes';
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
    /** The span of its name; {@link whole} is that of the declaration. */
    readonly span: Span;
    readonly whole: Span;
}

/** A symbol: what a name in the code refers to. */
export interface SymbolInfo {
    readonly kind: SymbolKind;
    readonly name: string;
    /** Equal for all references to the same subject, also in later checks of the program. */
    readonly key: string;
    /** One line in source notation, as a declaration or a call. */
    readonly signature: string;
    /** In Markdown. */
    readonly doc?: string | undefined;
    readonly type?: Type | undefined;
    /** Of a constant. */
    readonly value?: Value;
    readonly declaration?: Declaration | undefined;
    /** The section about it in the documentation. */
    readonly page?: DocPlace | undefined;
}

/** A symbol at a reference. */
export interface NamedSymbol extends SymbolInfo {
    /** The word at the offset. */
    readonly span: Span;
}
