/** The page of the documentation about diagnoses. */
import { readFileSync } from 'node:fs';
import { inRepository } from './repository';

/** The sections of the page of diagnoses: code and example. */
export function sections(): Map<string, { readonly title: string; readonly severity: string; readonly text: string }> {
    const page = readFileSync(inRepository('extension', 'docs', 'diagnoses.md'), 'utf8');
    const severities = new Map([...page.matchAll(/^\| \[(LU\d{4})\]\([^)]*\) \| (\w+) \|/gm)].map((m) => [m[1], m[2]]));
    return new Map(
        [...page.matchAll(/^## (LU\d{4}): ([^\n]*)\n[^#]*?```lus run\n(.*?)^```$/gms)].map((m) => {
            const code = m[1] ?? '';
            return [code, { title: m[2] ?? '', severity: severities.get(code) ?? '', text: m[3] ?? '' }];
        }),
    );
}
