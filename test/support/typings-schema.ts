/** JSON schemas of the types that TypeScript declarations (`.d.ts`) have, for the types of a protocol's messages. */
import type { Node, PropertySignatureDeclaration, SourceFile, TypeNode } from 'typescript/unstable/ast';

type Ast = typeof import('typescript/unstable/ast');

/** A JSON schema (draft 7). */
export type Schema = Readonly<Record<string, unknown>>;

const ANYTHING: Schema = {};
/** A union with a schema that accepts all strings is open: its constants are suggestions. */
const PLAIN: Readonly<Record<string, Schema>> = {
    string: { type: 'string' },
    number: { type: 'number' },
    boolean: { type: 'boolean' },
    object: { type: 'object' },
    null: { type: 'null' },
    void: { type: 'null' },
    any: ANYTHING,
    unknown: ANYTHING,
    never: { not: {} },
    undefined: { not: {} },
};
/** Types whose declarations say less than their documentation. */
const BETTER: Readonly<Record<string, Schema>> = {
    integer: { type: 'integer', minimum: -(2 ** 31), maximum: 2 ** 31 - 1 },
    uinteger: { type: 'integer', minimum: 0, maximum: 2 ** 31 - 1 },
    LSPAny: ANYTHING,
    LSPObject: { type: 'object' },
};

/** The properties of an object type, and which of them it must have. */
interface Members {
    readonly properties: ReadonlyMap<string, Schema>;
    readonly required: readonly string[];
    /** What all other properties are; undefined: there are none. */
    readonly others: Schema | undefined;
}

const NO_MEMBERS: Members = { properties: new Map(), required: [], others: undefined };

function merged(a: Members, b: Members): Members {
    // a property that a type declares again is required if the new declaration says so
    const kept = a.required.filter((name) => !b.properties.has(name));
    return {
        properties: new Map([...a.properties, ...b.properties]),
        required: [...kept, ...b.required],
        others: b.others ?? a.others,
    };
}

/** Schemas of the types in some declaration files. Names of types are taken to be unique in them. */
export class Typings {
    private readonly declared = new Map<string, Node[]>();
    private readonly definitions = new Map<string, Schema>();
    private readonly typeParameters = new Set<string>();

    constructor(
        private readonly ast: Ast,
        files: readonly SourceFile[],
    ) {
        for (const file of files) {
            file.forEachChild((node) => this.declare(node, ''));
        }
    }

    /** The names of the declarations in it, those in namespaces as `Namespace.name`. */
    names(): string[] {
        return [...this.declared.keys()];
    }

    /** The type of a variable, such as `ProtocolRequestType<Params, Result>`, by its name and its arguments. */
    genericOf(variable: string): { readonly name: string; readonly arguments: readonly TypeNode[] } | undefined {
        const { ast } = this;
        const [found] = this.declared.get(variable) ?? [];
        const type = found && ast.isVariableDeclaration(found) ? found.type : undefined;
        return type && ast.isTypeReferenceNode(type)
            ? { name: type.typeName.getText(), arguments: [...(type.typeArguments ?? [])] }
            : undefined;
    }

    /** The string that a constant's type is. */
    constantOf(variable: string): string | undefined {
        const { ast } = this;
        const [found] = this.declared.get(variable) ?? [];
        const type = found && ast.isVariableDeclaration(found) ? found.type : undefined;
        const literal = type && ast.isLiteralTypeNode(type) ? type.literal : undefined;
        return literal && ast.isStringLiteral(literal) ? literal.text : undefined;
    }

    /** A schema with the definitions that it needs. */
    schemaOf(type: TypeNode | string): Schema {
        const schema = typeof type === 'string' ? this.named(type) : this.schema(type);
        return { ...schema, definitions: Object.fromEntries(this.definitions) };
    }

    private declare(node: Node, within: string): undefined {
        const { ast } = this;
        if (ast.isModuleDeclaration(node)) {
            const inside = node.name.getText() === 'DebugProtocol' ? within : `${within}${node.name.getText()}.`;
            node.body?.forEachChild((child) => this.declare(child, inside));
        } else if (ast.isVariableStatement(node)) {
            for (const variable of node.declarationList.declarations) {
                this.add(`${within}${variable.name.getText()}`, variable);
            }
        } else if (ast.isInterfaceDeclaration(node) || ast.isTypeAliasDeclaration(node)) {
            this.add(`${within}${node.name.text}`, node);
            for (const parameter of node.typeParameters ?? []) {
                this.typeParameters.add(parameter.name.text);
            }
        }
    }

    private add(name: string, node: Node): void {
        this.declared.set(name, [...(this.declared.get(name) ?? []), node]);
    }

    /** A reference to the definition of a named type, which is made once. @throws Error for unknown types */
    private named(name: string): Schema {
        const better = BETTER[name];
        if (better) {
            return better;
        }
        if (!this.definitions.has(name)) {
            this.definitions.set(name, ANYTHING);
            this.definitions.set(name, this.defined(name));
        }
        return { $ref: `#/definitions/${name}` };
    }

    private defined(name: string): Schema {
        const { ast } = this;
        const alias = this.declared.get(name)?.find((n) => ast.isTypeAliasDeclaration(n));
        return alias && ast.isTypeAliasDeclaration(alias) ? this.schema(alias.type) : objectOf(this.membersOf(name));
    }

    /** The members of an interface, with those that it inherits. */
    private membersOf(name: string): Members {
        const { ast } = this;
        const declared = (this.declared.get(name) ?? []).filter((n) => ast.isInterfaceDeclaration(n));
        if (declared.length === 0) {
            throw new Error(`the typings have no type ${name}`);
        }
        return declared
            .flatMap((node) => {
                if (!ast.isInterfaceDeclaration(node)) {
                    return [];
                }
                const inherited = (node.heritageClauses ?? []).flatMap((clause) =>
                    [...clause.types].map((t) => this.membersOf(t.expression.getText())),
                );
                return [...inherited, this.membersIn([...node.members])];
            })
            .reduce(merged, NO_MEMBERS);
    }

    private membersIn(nodes: readonly Node[]): Members {
        const { ast } = this;
        const properties = nodes.filter((n): n is PropertySignatureDeclaration =>
            ast.isPropertySignatureDeclaration(n),
        );
        const index = nodes.find((n) => ast.isIndexSignatureDeclaration(n));
        const nameOf = ({ name }: PropertySignatureDeclaration): string =>
            ast.isStringLiteral(name) ? name.text : name.getText();
        return {
            properties: new Map(properties.map((p) => [nameOf(p), p.type ? this.schema(p.type) : ANYTHING])),
            required: properties.filter((p) => !p.postfixToken).map(nameOf),
            others: index && ast.isIndexSignatureDeclaration(index) && index.type ? this.schema(index.type) : undefined,
        };
    }

    /** The members of a type that is an object; undefined for other types. */
    private objectMembers(type: TypeNode): Members | undefined {
        const { ast } = this;
        if (ast.isTypeLiteralNode(type)) {
            return this.membersIn([...type.members]);
        }
        if (!ast.isTypeReferenceNode(type)) {
            return undefined;
        }
        const name = type.typeName.getText();
        const [alias] = (this.declared.get(name) ?? []).filter((n) => ast.isTypeAliasDeclaration(n));
        if (alias && ast.isTypeAliasDeclaration(alias)) {
            return this.objectMembers(alias.type);
        }
        return this.declared.has(name) ? this.membersOf(name) : undefined;
    }

    private schema(type: TypeNode): Schema {
        const { ast } = this;
        if (ast.isParenthesizedTypeNode(type) || ast.isTypeOperatorNode(type)) {
            return this.schema(type.type);
        }
        if (ast.isArrayTypeNode(type)) {
            return { type: 'array', items: this.schema(type.elementType) };
        }
        if (ast.isTupleTypeNode(type)) {
            const items = [...type.elements].map((e) => this.schema(ast.isNamedTupleMember(e) ? e.type : e));
            return { type: 'array', items, minItems: items.length, maxItems: items.length };
        }
        if (ast.isUnionTypeNode(type)) {
            return { anyOf: [...type.types].map((t) => this.schema(t)) };
        }
        if (ast.isIntersectionTypeNode(type)) {
            const parts = [...type.types].map((t) => this.objectMembers(t));
            const members = parts.flatMap((m) => m ?? []);
            return members.length === parts.length
                ? objectOf(members.reduce(merged))
                : { allOf: [...type.types].map((t) => this.schema(t)) };
        }
        if (ast.isTypeLiteralNode(type)) {
            return objectOf(this.membersIn([...type.members]));
        }
        if (ast.isLiteralTypeNode(type)) {
            return literalOf(type.literal.getText());
        }
        if (ast.isTypeQueryNode(type)) {
            const [constant] = this.declared.get(type.exprName.getText()) ?? [];
            const of = constant && ast.isVariableDeclaration(constant) ? constant.type : undefined;
            return of ? this.schema(of) : ANYTHING;
        }
        if (ast.isTypeReferenceNode(type)) {
            return this.reference(type.typeName.getText(), [...(type.typeArguments ?? [])]);
        }
        const plain = PLAIN[type.getText()];
        if (!plain) {
            throw new Error(`no schema for the type ${type.getText()}`);
        }
        return plain;
    }

    private reference(name: string, [argument]: readonly TypeNode[]): Schema {
        if ((name === 'Array' || name === 'ReadonlyArray') && argument) {
            return { type: 'array', items: this.schema(argument) };
        }
        return this.typeParameters.has(name) ? ANYTHING : this.named(name);
    }
}

function objectOf({ properties, required, others }: Members): Schema {
    return {
        type: 'object',
        properties: Object.fromEntries(properties),
        required: [...new Set(required)],
        additionalProperties: others ?? false,
    };
}

/** Of a literal as it is written: `'full'`, `1`, `true`, `null`. */
function literalOf(text: string): Schema {
    return text === 'null' ? { type: 'null' } : { const: JSON.parse(text.replace(/^'(.*)'$/, '"$1"')) };
}
