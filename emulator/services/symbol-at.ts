/** What stands at an offset of a text: what it is, where it is declared, of which type, what is said of it. */
import type { Program } from '../language/program';
import { describe } from './describe';
import { keywordAt } from './keywords';
import { placeAt } from './nodes';
import type { NamedSymbol } from './symbol';
import { subjectAt } from './words';

/** What the name, member, string or keyword at an offset means; undefined if nothing is known of it. */
export function symbolAt(program: Program, uri: string, offset: number): NamedSymbol | undefined {
    const file = program.files.get(uri);
    const place = file && placeAt(file, offset);
    if (!file) {
        return undefined;
    }
    const subject = place && subjectAt(program, uri, place);
    if (place && subject) {
        return { ...describe(program, subject), span: { start: place.node.start, end: place.node.end } };
    }
    const keyword = keywordAt(file, place, offset);
    return (
        keyword && {
            kind: 'keyword',
            name: keyword.word,
            key: `keyword ${keyword.word}`,
            signature: keyword.form,
            doc: keyword.doc,
            span: keyword.span,
        }
    );
}
