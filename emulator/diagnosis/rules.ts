/** A file of rules, with the codes of the diagnoses that it makes. */
import type { DiagnosisCode } from '../findings/catalogue';
import type { Rules } from './hearing';
import type { Scene } from './scene';

/** The rules of a file. */
export interface RuleFile {
    /** Codes of the diagnoses that this file makes; no other file makes them. */
    readonly codes: readonly DiagnosisCode[];
    readonly make: (scene: Scene) => Rules;
}

/** Rejects a handler whose name is that of no event: it would never be called. */
type Only<R> = R & { readonly [K in Exclude<keyof R, keyof Rules>]: never };

export function ruleFile<const C extends DiagnosisCode, R extends Rules<C>>(
    codes: readonly C[],
    make: (scene: Scene<C>) => Only<R>,
): RuleFile {
    return { codes, make };
}
