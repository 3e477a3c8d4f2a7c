/** A file of rules: it says which diagnoses it makes. */
import type { DiagnosisCode } from '../findings/catalogue';
import type { Rules } from './hearing';
import type { Scene } from './scene';

/** The rules of a file. */
export interface RuleFile {
    /** Of the diagnoses that it makes; no other file makes them. */
    readonly codes: readonly DiagnosisCode[];
    readonly make: (scene: Scene) => Rules;
}

/** What has no name of an event in it that there is not: nobody would tell it. */
type Only<R> = R & { readonly [K in Exclude<keyof R, keyof Rules>]: never };

export function ruleFile<const C extends DiagnosisCode, R extends Rules<C>>(
    codes: readonly C[],
    make: (scene: Scene<C>) => Only<R>,
): RuleFile {
    return { codes, make };
}
