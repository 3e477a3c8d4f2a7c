/** SARIF 2.1.0 (OASIS): the problems of a run for code scanning. */
import * as path from 'node:path';
import { pathToFileURL } from 'node:url';
import { version } from '../../../package.json';
import { CATALOGUE, isDiagnosisCode } from '../../findings/catalogue';
import type { Where } from '../results';
import { problemsOf, type Problem } from './problems';
import type { Reporter, Write } from './reporter';

const LEVELS = { error: 'error', warning: 'warning', hint: 'note' } as const;

export function sarifReporter(write: Write): Reporter {
    return {
        start() {},
        broken() {},
        scenario() {},
        end({ files }) {
            const problems = files.flatMap(problemsOf);
            const rules = [...new Set(problems.map((p) => p.rule))].sort();
            const log = {
                $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
                version: '2.1.0',
                runs: [
                    {
                        tool: { driver: { name: 'lus', version, rules: rules.map(ruleOf) } },
                        results: problems.map((p) => resultOf(p, rules.indexOf(p.rule))),
                    },
                ],
            };
            write(`${JSON.stringify(log, undefined, 2)}\n`);
        },
    };
}

function ruleOf(id: string): object {
    if (!isDiagnosisCode(id)) {
        return { id };
    }
    const { title, advice } = CATALOGUE[id];
    return { id, shortDescription: { text: title }, help: { text: advice } };
}

function resultOf(p: Problem, ruleIndex: number): object {
    return {
        ruleId: p.rule,
        ruleIndex,
        level: LEVELS[p.severity],
        message: { text: `${p.title}: ${p.message}` },
        locations: [
            { physicalLocation: { artifactLocation: { uri: uriOf(p.where?.file ?? p.file) }, ...region(p.where) } },
        ],
    };
}

/** Columns are UTF-16 code units, as SARIF assumes by default. */
function region(where: Where | null): object {
    return where
        ? {
              region: {
                  startLine: where.line,
                  startColumn: where.column,
                  endLine: where.endLine,
                  endColumn: where.endColumn,
              },
          }
        : {};
}

/** Relative to the folder of the run, which code scanning takes for the root of the repository. */
function uriOf(file: string): string {
    return path.isAbsolute(file) ? pathToFileURL(file).href : file.split(path.sep).map(encodeURIComponent).join('/');
}
