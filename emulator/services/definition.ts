/** The declaration of a symbol and of its type: in the program, in the kernel's own code, or in the documentation. */
import type { Program } from '../language/program';
import type { Type } from '../language/types';
import { Declarations } from './declarations';
import { anchorOf, type DocPlace } from './documentation';
import { isKind, placeAt } from './nodes';
import type { CallbackOwner } from './subjects';
import type { Declaration, NamedSymbol } from './symbol';
import { symbolAt } from './symbol-at';

/** A declaration; for names without one, their place in the documentation. */
export type Definition = Declaration | (DocPlace & { readonly name: string });

export function definitionAt(program: Program, uri: string, offset: number): Definition | undefined {
    const symbol = symbolAt(program, uri, offset);
    return symbol && definitionOf(symbol);
}

function definitionOf({ declaration, page, name }: NamedSymbol): Definition | undefined {
    return declaration ?? (page && { ...page, name });
}

/** The declaration of the type of a value: a struct, a file kind, or the section about a native object. */
export function typeDefinitionAt(program: Program, uri: string, offset: number): Definition | undefined {
    const type = expressionType(program, uri, offset) ?? symbolAt(program, uri, offset)?.type;
    return type && definitionOfType(program, type);
}

/** The type that the checker found for the expression: it may be narrower than that of the name. */
function expressionType(program: Program, uri: string, offset: number): Type | undefined {
    const file = program.files.get(uri);
    const place = file && placeAt(file, offset);
    const [parent] = place?.above ?? [];
    const type = isKind(place?.node, 'name')
        ? program.types.get(place.node)
        : isKind(parent, 'member')
          ? program.types.get(parent)
          : undefined;
    return type?.k === 'any' ? undefined : type;
}

function definitionOfType(program: Program, type: Type): Definition | undefined {
    switch (type.k) {
        case 'list':
            return definitionOfType(program, type.of);
        case 'view':
            return struct(program, type.struct);
        case 'phys':
            return type.to === undefined ? undefined : struct(program, type.to);
        case 'kind':
            return declared(program, program.fileKinds.get(type.name));
        case 'decl':
            return type.of === 'struct'
                ? struct(program, type.name)
                : declared(program, type.of === 'process' ? undefined : tableOf(program, type.of).get(type.name));
        case 'object':
            return { page: 'library.md', anchor: anchorOf(type.name), name: '' };
        case 'fd':
            return { page: 'library.md', anchor: anchorOf('Descriptors'), name: '' };
        default:
            return undefined;
    }
}

function tableOf(program: Program, kind: CallbackOwner['kind']): ReadonlyMap<string, CallbackOwner> {
    return { file: program.fileKinds, handler: program.handlers, flb: program.flbs }[kind];
}

function struct(program: Program, name: string): Declaration | undefined {
    const found = Declarations.of(program).struct(name);
    return found && { uri: found.uri, span: found.decl.name, whole: found.decl };
}

function declared(program: Program, decl: CallbackOwner | undefined): Declaration | undefined {
    const uri = decl && program.uriOf.get(decl);
    return decl && uri !== undefined ? { uri, span: decl.name, whole: decl } : undefined;
}
