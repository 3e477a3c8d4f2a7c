/** `explore { … }`, `choosing "…"` and `avoidable_until "…"`: what an exploration tries, and what it has found. */
import { isErrnoName } from '../../kernel/release/errno';
import { choiceFrom, isKey } from '../choice';
import type { ExploreEntry, ExploreStmt, ScenarioDecl, StringLit } from '../syntax/ast';
import { EXPLORE_ENTRIES, PROFILE_NAMES } from '../syntax/explore';
import type { CodeContext } from './context';
import { kernelName } from './kernel-end';
import { type ProgramBuilder, quoted } from './program-builder';

export function checkExplore(c: CodeContext, s: ExploreStmt): void {
    c.require('scenario', { start: s.start, end: s.start + 'explore'.length }, '`explore`');
    const profiles: readonly string[] = PROFILE_NAMES;
    if (s.name && profiles.includes(s.name.name)) {
        c.error('LU0204', s.name, `Every scenario has a profile ${quoted(s.name.name)}. Choose another name.`);
    }
    for (const entry of s.entries) {
        checkEntry(c, entry);
    }
}

function checkEntry(c: CodeContext, { what, names, texts, number }: ExploreEntry): void {
    const takes = EXPLORE_ENTRIES.get(what.name);
    if (!takes) {
        c.unknown('LU0221', what, what.name, `An exploration has no ${quoted(what.name)}.`, [
            ...EXPLORE_ENTRIES.keys(),
        ]);
        return;
    }
    if (takes === 'number' && number === undefined) {
        c.error('LU0424', what, `${quoted(what.name)} needs a number: \`${what.name} 2\`.`);
    }
    for (const kernel of texts) {
        kernelName(c, kernel.value, kernel);
    }
    if (what.name === 'profile') {
        const profiles: readonly string[] = PROFILE_NAMES;
        for (const name of names.filter((n) => n.name !== '' && !profiles.includes(n.name))) {
            c.unknown('LU0221', name, name.name, `There is no profile ${quoted(name.name)}.`, PROFILE_NAMES);
        }
    }
    if (what.name === 'errors') {
        for (const name of names) {
            if (name.name !== '' && !isErrnoName(name.name)) {
                c.error('LU0221', name, `There is no error ${quoted(name.name)}.`);
            }
        }
    }
}

/** `scenario "…" choosing "schedule #7: luod" avoidable_until "schedule #5"` */
export function checkChoices(
    program: ProgramBuilder,
    uri: string,
    { choosing = [], avoidableUntil: until }: ScenarioDecl,
): void {
    const wrong = (choice: StringLit, like: string): void =>
        program.report(
            'error',
            'LU0221',
            uri,
            choice,
            `${quoted(choice.value)} is not a choice. A choice here is like \`"${like}"\`: \`lus explore\` prints them.`,
        );
    for (const choice of choosing) {
        if (!choiceFrom(choice.value)) {
            wrong(choice, 'schedule #7: luod');
        }
    }
    if (until && !isKey(until.value)) {
        wrong(until, 'schedule #5');
    }
}
