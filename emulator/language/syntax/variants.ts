/** A scenario with a parameter is a scenario for each value: `scenario "…" for ram in [1GiB, 8GiB]`. */
import type { Expr, ScenarioDecl, SourceFile } from './ast';

/** A scenario to run. One with a parameter has a value for it, and the value in its name. */
export interface Variant extends ScenarioDecl {
    /** The declaration with the parameter, and the value. */
    readonly of?: { readonly decl: ScenarioDecl; readonly value: Expr; readonly suffix: string };
}

/** The scenarios of a file in order. */
export function scenariosIn(file: SourceFile): Variant[] {
    return file.items.flatMap((item) => (item.kind === 'scenario' ? variantsOf(item, file.text) : []));
}

/** A scenario, or its variants. @param text of its file */
export function variantsOf(decl: ScenarioDecl, text: string): Variant[] {
    const { param } = decl;
    if (param?.values.kind !== 'list') {
        return [decl];
    }
    return param.values.items.map((value) => {
        const suffix = `${param.variable.name} = ${text.slice(value.start, value.end).replace(/\s+/g, ' ')}`;
        return {
            ...decl,
            name: { ...decl.name, value: `${decl.name.value} (${suffix})` },
            of: { decl, value, suffix },
        };
    });
}

/** Whether a scenario has this name; a variant also has that of its declaration. */
export function isNamed(scenario: Variant, name: string): boolean {
    return scenario.name.value === name || scenario.of?.decl.name.value === name;
}
