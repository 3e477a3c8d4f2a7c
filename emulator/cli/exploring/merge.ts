/** Joins the parts of a search that were done on several machines (`lus explore --shard`). */
import { explorationOf } from '../../explore/explore';
import { Frontier, type SavedFrontier } from '../../explore/frontier';
import { openOne } from '../one-file';
import { BadArguments } from '../options';
import { type Explored, judgedIn, type Printing, report } from './judged';
import { MEMORY } from './search';
import { type SavedSearch, type SearchFile, sourcesOf, wantTheSame, writeSearches } from './state-file';

const EXIT_UNUSABLE = 2;

/** @throws BadArguments if they are not parts of the same search, or its file is not here */
export function mergeSearches(parts: readonly SearchFile[], printing: Printing): number {
    const [first] = parts;
    if (!first) {
        throw new BadArguments('Name at least one report.');
    }
    if (parts.some((p) => p.sources !== first.sources)) {
        throw new BadArguments('These are searches in different texts.');
    }
    const opened = openOne([first.explored]);
    if (!opened) {
        return EXIT_UNUSABLE;
    }
    const { files, program } = opened;
    if (sourcesOf(files, program) !== first.sources) {
        throw new BadArguments(`${first.explored} has changed since it was searched.`);
    }
    const searches: SavedSearch[] = [];
    const results = first.searches.map(({ wanted }): Explored => {
        const same = parts.map((p) => p.searches.find((s) => wantTheSame(s.wanted, wanted)));
        const frontiers = same.flatMap((s) => (s ? [s.frontier] : []));
        if (frontiers.length < parts.length) {
            throw new BadArguments('These are searches with different options.');
        }
        const missing = missingPart(frontiers);
        if (missing) {
            throw new BadArguments(missing);
        }
        const frontier = Frontier.joined(frontiers);
        searches.push({ wanted, frontier: frontier.saved() });
        const options = { ...wanted, memory: MEMORY };
        const exploration = explorationOf(wanted.scenario ?? '', frontier, options);
        return judgedIn(
            files,
            program,
            { exploration, violations: [], options },
            printing.writes !== undefined,
            () => false,
        );
    });
    if (printing.state !== undefined) {
        writeSearches(printing.state, first.explored, first.sources, searches);
    }
    return report(files, program, results, printing);
}

/** What is wrong with a list of parts; undefined if it is whole. */
function missingPart(frontiers: readonly SavedFrontier[]): string | undefined {
    const counts = new Set(frontiers.map((f) => f.part?.count));
    const [count] = counts;
    if (counts.size !== 1 || count === undefined) {
        return 'These are not the parts of one search: lus explore --shard writes them.';
    }
    for (let index = 1; index <= count; index++) {
        if (!frontiers.some((f) => f.part?.index === index)) {
            return `Part ${index}/${count} is missing.`;
        }
    }
    return undefined;
}
