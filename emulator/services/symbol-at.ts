/** The symbol at an offset of a text: its kind, declaration, type and documentation. */
import type { Program } from '../language/program';
import { describe } from './describe';
import { pageOfKeyword } from './subject-pages';
import { keywordAt } from './keywords';
import { placeAt } from './nodes';
import type { NamedSymbol } from './symbol';
import { subjectAt } from './words';

/** The meaning of the name, member, string or keyword at an offset; undefined if it is unknown. */
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
            page: pageOfKeyword(keyword.of),
        }
    );
}
