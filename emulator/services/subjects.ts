/** Subjects, i.e. what names in a program refer to: variables, declarations, natives, kernels, findings. */
import type {
    ConstDecl,
    FileDecl,
    FlbDecl,
    FnDecl,
    HandlerDecl,
    KernelDecl,
    ScenarioDecl,
    StructDecl,
} from '../language/syntax/ast';
import type { FieldShape, FunctionShape, GlobalShape, NativeParam } from '../language/natives';
import type { LocalVar, Program } from '../language/program';
import type { Type } from '../language/types';

/** Declarations with a name. */
export type Declared = ConstDecl | FileDecl | FlbDecl | FnDecl | HandlerDecl | KernelDecl | ScenarioDecl | StructDecl;

/** A declaration with callbacks. */
export type CallbackOwner = FileDecl | FlbDecl | HandlerDecl;

/** Words that name an object of the emulator. */
export type ShippedKind = 'finding' | 'kernel' | 'file kind' | 'type' | 'layer' | 'flaw' | 'cost' | 'injection point';

/** Declarations with settings. */
export type SettingTable = 'machine' | 'kernel' | 'device';

/** What a name in the code refers to. */
export type Subject =
    | { readonly kind: 'local'; readonly uri: string; readonly variable: LocalVar }
    /** `scope` distinguishes processes of the same name; see Declarations.scopeOf. */
    | { readonly kind: 'process'; readonly name: string; readonly scope: string }
    | {
          readonly kind: 'process variable';
          readonly process: string;
          readonly name: string;
          readonly scope: string;
          readonly type: Type | undefined;
      }
    | { readonly kind: 'struct field'; readonly struct: string; readonly name: string }
    | { readonly kind: 'file field'; readonly file: FileDecl; readonly name: string }
    | { readonly kind: 'declaration'; readonly decl: Declared }
    | { readonly kind: 'callback'; readonly owner: CallbackOwner; readonly name: string }
    | { readonly kind: 'device'; readonly name: string }
    /** `owner`: the kind of object that it is a method of; empty for a function. */
    | { readonly kind: 'native'; readonly native: FunctionShape; readonly owner: string }
    | { readonly kind: 'field'; readonly field: FieldShape; readonly owner: string }
    | {
          readonly kind: 'parameter';
          readonly native: FunctionShape;
          readonly owner: string;
          readonly param: NativeParam;
      }
    | { readonly kind: 'global'; readonly global: GlobalShape }
    | { readonly kind: 'shipped'; readonly of: ShippedKind; readonly name: string }
    /** The name of a setting of a machine, a kernel or a device, or one of its words. */
    | { readonly kind: 'setting'; readonly of: SettingTable; readonly name: string; readonly word?: string }
    | { readonly kind: 'file'; readonly uri: string };

/** The name of a declaration, which may be in quotes. */
export function nameOf(decl: Declared): string {
    return 'value' in decl.name ? decl.name.value : decl.name.name;
}

/** A key of subjects: equal for all references to the same subject. */
export function keyOf({ uriOf }: Program, s: Subject): string {
    switch (s.kind) {
        case 'local':
            return `local ${s.uri} ${s.variable.declared.start}`;
        case 'process':
            return `process ${s.scope} ${s.name}`;
        case 'process variable':
            return `process variable ${s.scope} ${s.process}.${s.name}`;
        case 'struct field':
            return `field ${s.struct}.${s.name}`;
        case 'file field':
            return `field ${uriOf.get(s.file) ?? ''} ${s.file.name.name}.${s.name}`;
        case 'declaration':
            return `${s.decl.kind} ${uriOf.get(s.decl) ?? ''} ${nameOf(s.decl)}`;
        case 'callback':
            return `callback ${uriOf.get(s.owner) ?? ''} ${s.owner.name.name}.${s.name}`;
        case 'native':
            return `native ${s.owner}.${s.native.name}`;
        case 'field':
            return `native field ${s.owner}.${s.field.name}`;
        case 'parameter':
            return `native parameter ${s.owner}.${s.native.name}.${s.param.name}`;
        case 'global':
            return `global ${s.global.name}`;
        case 'shipped':
            return `${s.of} ${s.name}`;
        case 'setting':
            return `setting ${s.of} ${s.name} ${s.word ?? ''}`;
        case 'device':
            return `device ${s.name}`;
        case 'file':
            return `file ${s.uri}`;
    }
}
