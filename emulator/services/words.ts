/** The subjects of the words of a program, from the checker's tables and from their place. */
import { descriptionOf } from '../kernel/release/descriptions';
import { isDiagnosisCode } from '../findings/catalogue';
import { FLAWS } from '../kernel/release/flaws';
import { layerNamed } from '../kernel/release/layers';
import { SIMPLE_TYPES } from '../language/check/types-of';
import type { FileDecl, Ident, MemberExpr, NameExpr, StringLit } from '../language/syntax/ast';
import type { MemberMeaning, NameMeaning, Program } from '../language/program';
import type { Type } from '../language/types';
import { settableCost } from '../machine/costs';
import { Declarations } from './declarations';
import { isKind, type Node, type Place } from './nodes';
import { settingNamed, wordOf } from './setting-tables';
import type { SettingTable, ShippedKind, Subject } from './subjects';

/** The types of fields and parameters. */
const TYPES: ReadonlySet<string> = new Set([...SIMPLE_TYPES, 'vmalloc']);

/** The subject of the word at a place; undefined if there is no word or it refers to nothing. */
export function subjectAt(program: Program, uri: string, { node, above }: Place): Subject | undefined {
    if (!('kind' in node)) {
        return undefined;
    }
    switch (node.kind) {
        case 'ident':
        case 'name':
            return node.name === '' ? undefined : new Words(program, uri, above).word(node);
        case 'string':
            return new Words(program, uri, above).quoted(node);
        default:
            return undefined;
    }
}

class Words {
    private readonly declarations: Declarations;
    private readonly parent: Node | undefined;

    constructor(
        private readonly program: Program,
        private readonly uri: string,
        private readonly above: readonly Node[],
    ) {
        this.declarations = Declarations.of(program);
        this.parent = above[0];
    }

    word(node: Ident | NameExpr): Subject | undefined {
        const meaning = this.program.names.get(node);
        if (meaning) {
            return this.named(meaning);
        }
        return this.byItsPlace(node) ?? (node.kind === 'name' ? this.constant(node.name) : undefined);
    }

    /** A word that is not in the checker's tables: constants in expressions that are computed before a run. */
    private byItsPlace(node: Ident | NameExpr): Subject | undefined {
        const { parent } = this;
        if (!parent) {
            return undefined;
        }
        if (!('kind' in parent)) {
            return this.inRecord(parent, node);
        }
        switch (parent.kind) {
            case 'member':
                return parent.member === node ? this.member(parent) : undefined;
            case 'const':
            case 'fn':
            case 'struct':
            case 'file':
            case 'flb':
            case 'handler':
                return parent.name === node ? { kind: 'declaration', decl: parent } : undefined;
            case 'callback':
                return this.callback(node.name);
            case 'scenario':
                return isDiagnosisCode(node.name) ? shipped('finding', node) : undefined;
            case 'fails':
            case 'may':
                return this.global(node.name);
            case 'inject':
                return this.injected(parent, node);
            case 'type':
                return this.program.natives.objects.has(node.name) || TYPES.has(node.name)
                    ? shipped('type', node)
                    : undefined;
            case 'entry':
                return this.entry(parent, node);
            case 'setting':
                return this.setting('kernel', parent.key, node);
            case 'list':
                return 'names' in parent ? this.inList(parent, node) : undefined;
            case 'cost':
                return settableCost(node.name) ? shipped('cost', node) : undefined;
            default:
                return undefined;
        }
    }

    /** Kernels by their name, and files by their path. */
    quoted(node: StringLit): Subject | undefined {
        const { parent } = this;
        if (!parent || !('kind' in parent)) {
            return undefined;
        }
        switch (parent.kind) {
            case 'scenario':
                return parent.name === node ? { kind: 'declaration', decl: parent } : undefined;
            case 'kernel':
                return parent.name === node
                    ? { kind: 'declaration', decl: parent }
                    : parent.from === node
                      ? this.kernel(node.value)
                      : undefined;
            case 'boot':
                return parent.kernel === node ? this.kernel(node.value) : undefined;
            case 'import': {
                const uri = this.declarations.imported(this.uri, parent);
                return uri === undefined ? undefined : { kind: 'file', uri };
            }
            default:
                return undefined;
        }
    }

    private named(meaning: NameMeaning): Subject | undefined {
        switch (meaning.kind) {
            case 'local':
                return { kind: 'local', uri: this.uri, variable: meaning };
            case 'process':
                return this.process(meaning.name);
            case 'process-var':
                return this.processVariable(meaning.process, meaning.name, meaning.type);
            case 'kind-field':
                return { kind: 'file field', file: meaning.file, name: fieldName(meaning.file, meaning.index) };
            case 'device':
                return { kind: 'device', name: meaning.name };
            case 'const':
                return this.constant(meaning.name);
            case 'fn':
            case 'struct':
            case 'file':
            case 'handler':
            case 'flb':
                return { kind: 'declaration', decl: meaning.decl };
            case 'builtin-file':
                return { kind: 'shipped', of: 'file kind', name: meaning.name };
            case 'native':
                return { kind: 'native', native: meaning.native, owner: '' };
            case 'global':
                return this.global(meaning.name);
        }
    }

    /** A constant of the program, one of the emulator's, or an error. */
    private constant(name: string): Subject | undefined {
        const decl = this.declarations.constant(this.uri, name);
        return decl ? { kind: 'declaration', decl } : this.global(name);
    }

    private global(name: string): Subject | undefined {
        const global = this.program.natives.globals.get(name);
        return global && { kind: 'global', global };
    }

    private process(name: string): Subject {
        return { kind: 'process', name, scope: this.declarations.scopeOf(this.uri, this.above, name) };
    }

    private processVariable(process: string, name: string, type: Type | undefined): Subject {
        const scope = this.declarations.scopeOf(this.uri, this.above, process);
        return { kind: 'process variable', process, name, scope, type };
    }

    private member(e: MemberExpr): Subject | undefined {
        const meaning = this.program.members.get(e);
        return meaning && this.meantBy(meaning, e);
    }

    private meantBy(meaning: MemberMeaning, e: MemberExpr): Subject | undefined {
        switch (meaning.kind) {
            case 'struct-field':
                return { kind: 'struct field', struct: meaning.layout.name, name: meaning.name };
            case 'field':
                return { kind: 'field', field: meaning.field, owner: this.declarations.ownerOf(meaning.field) };
            case 'method':
                return { kind: 'native', native: meaning.method, owner: this.declarations.ownerOf(meaning.method) };
            case 'kind-field':
                return { kind: 'file field', file: meaning.file, name: fieldName(meaning.file, meaning.index) };
            case 'process-var':
                return this.processVariable(meaning.process, meaning.name, this.program.types.get(e));
            case 'dynamic':
                return undefined;
        }
    }

    /** The names of fields, parameters and arguments, whose nodes have no kind. */
    private inRecord(parent: Node, node: Ident | NameExpr): Subject | undefined {
        const around = this.above[1];
        if (!around || !('kind' in around)) {
            return undefined;
        }
        switch (around.kind) {
            case 'struct':
                return { kind: 'struct field', struct: around.name.name, name: node.name };
            case 'file':
                return { kind: 'file field', file: around, name: node.name };
            case 'new': {
                const made = this.program.names.get(around.name);
                return made?.kind === 'file' ? { kind: 'file field', file: made.decl, name: node.name } : undefined;
            }
            case 'call':
                return 'value' in parent ? this.argument(around.callee, node.name) : undefined;
            default:
                return undefined;
        }
    }

    /** The parameter of a named argument. */
    private argument(callee: Node, name: string): Subject | undefined {
        if (!('kind' in callee)) {
            return undefined;
        }
        const meaning = callee.kind === 'name' ? this.program.names.get(callee) : undefined;
        if (meaning?.kind === 'fn') {
            const param = meaning.decl.params.find((p) => p.name.name === name);
            const variable = param && this.program.names.get(param.name);
            const uri = this.program.uriOf.get(meaning.decl);
            return variable?.kind === 'local' && uri !== undefined ? { kind: 'local', uri, variable } : undefined;
        }
        const member = callee.kind === 'member' ? this.program.members.get(callee) : undefined;
        const native =
            meaning?.kind === 'native' ? meaning.native : member?.kind === 'method' ? member.method : undefined;
        const param = native?.params.find((p) => p.name === name);
        return native && param && { kind: 'parameter', native, owner: this.declarations.ownerOf(native), param };
    }

    private callback(name: string): Subject | undefined {
        const owner = this.above[1];
        return owner && 'kind' in owner && (owner.kind === 'file' || owner.kind === 'flb' || owner.kind === 'handler')
            ? { kind: 'callback', owner, name }
            : undefined;
    }

    private injected(s: Extract<Node, { kind: 'inject' }>, node: Ident | NameExpr): Subject | undefined {
        if (node === s.what) {
            return this.global(node.name);
        }
        if (node === s.callback) {
            const target = this.program.names.get(s.target);
            return target?.kind === 'handler' || target?.kind === 'flb' || target?.kind === 'file'
                ? { kind: 'callback', owner: target.decl, name: node.name }
                : undefined;
        }
        return this.program.natives.injectionPoints.has(node.name) ? shipped('injection point', node) : undefined;
    }

    private entry(e: Extract<Node, { kind: 'entry' }>, node: Ident | NameExpr): Subject | undefined {
        const table = isKind(this.above[1], 'entry') ? 'device' : 'machine';
        const setting = this.setting(table, e.key, node);
        if (setting) {
            return setting;
        }
        if (e.key.name === 'cost') {
            return settableCost(node.name) ? shipped('cost', node) : undefined;
        }
        const isDevice = e.key.name === 'device' || e.key.name === 'vf' || e.key.name === 'of';
        return isDevice && this.declarations.device(node.name) ? { kind: 'device', name: node.name } : undefined;
    }

    /** The name of a setting, or a word that it takes. */
    private setting(of: SettingTable, key: Ident, node: Ident | NameExpr): Subject | undefined {
        const { name } = key;
        if (node === key) {
            return settingNamed(of, name) && { kind: 'setting', of, name };
        }
        return wordOf(of, name, node.name) === undefined ? undefined : { kind: 'setting', of, name, word: node.name };
    }

    private inList(list: Extract<Node, { kind: 'list'; key: Ident }>, node: Ident | NameExpr): Subject | undefined {
        if (node === list.key) {
            return this.setting('kernel', list.key, node);
        }
        switch (list.key.name) {
            case 'layers':
                return layerNamed(node.name) ? shipped('layer', node) : undefined;
            case 'flaws':
                return FLAWS.has(node.name) ? shipped('flaw', node) : undefined;
            default:
                return undefined;
        }
    }

    private kernel(name: string): Subject | undefined {
        const decl = this.program.kernels.get(name);
        if (decl) {
            return { kind: 'declaration', decl };
        }
        return descriptionOf(name) !== undefined ? { kind: 'shipped', of: 'kernel', name } : undefined;
    }
}

function shipped(of: ShippedKind, { name }: { readonly name: string }): Subject {
    return { kind: 'shipped', of, name };
}

function fieldName(file: FileDecl, index: number): string {
    return file.fields[index]?.name.name ?? '';
}
