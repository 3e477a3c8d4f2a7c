/** The items of a run: a scenario with some seeds. They are plain data, so that another thread can run them. */
import type { Program } from '../../language/program';
import type { ExecuteOptions } from '../execute';
import { execute } from '../execute';
import type { Files } from '../files';
import type { ScenarioResult } from '../results';
import type { PlannedFile } from './plan';
import { executeSeeds, joined, type Seeds } from './seeds';

export interface Item {
    /** The index of its file in the plan. */
    readonly file: number;
    readonly uri: string;
    /** The index of the scenario in its program. */
    readonly scenario: number;
    readonly seeds: Seeds;
    /** Whether it is the last one of its scenario. */
    readonly last: boolean;
}

/** The options of {@link execute} that are the same for all items. */
export type ItemOptions = Omit<ExecuteOptions, 'seed'>;

/** A finished item. */
export interface ItemResult {
    readonly result: ScenarioResult;
    /** Of this machine. */
    readonly seconds: number;
}

/** Seeds of one item if several threads share the work. */
const CHUNK = 64;

/** @param threads how many share the work */
export function itemsOf(plan: readonly PlannedFile[], { first, last }: Seeds, threads: number): Item[] {
    const size = threads > 1 ? CHUNK : Infinity;
    return plan.flatMap(({ program, scenarios }, file) =>
        scenarios.flatMap((decl) => {
            const items: Item[] = [];
            for (let from = first; from <= last; from += size) {
                const seeds = { first: from, last: Math.min(last, from + size - 1) };
                const scenario = program.scenarios.indexOf(decl);
                items.push({ file, uri: program.main, scenario, seeds, last: seeds.last === last });
            }
            return items;
        }),
    );
}

export function runItem(files: Files, program: Program, item: Item, options: ItemOptions): ItemResult {
    const scenario = program.scenarios[item.scenario];
    if (!scenario) {
        throw new RangeError(`${item.uri} has no scenario ${item.scenario}`);
    }
    const begin = performance.now();
    const { seeds } = item;
    const result =
        seeds.first === seeds.last
            ? execute(files, program, scenario, { ...options, seed: seeds.first })
            : executeSeeds(files, program, scenario, options, seeds);
    return { result, seconds: (performance.now() - begin) / 1000 };
}

/**
 * Collects items, which may end in any order, and hands on the result of each scenario in the order of the items.
 */
export class InOrder {
    private readonly ended = new Map<number, ItemResult>();
    private next = 0;
    private parts: ItemResult[] = [];

    constructor(
        private readonly items: readonly Item[],
        private readonly receive: (item: Item, result: ItemResult) => void,
    ) {}

    add(index: number, result: ItemResult): void {
        this.ended.set(index, result);
        for (;;) {
            const item = this.items[this.next];
            const ended = this.ended.get(this.next);
            if (!item || !ended) {
                return;
            }
            this.ended.delete(this.next++);
            this.parts.push(ended);
            if (item.last) {
                const [first, ...more] = this.parts.map((p) => p.result);
                const seconds = this.parts.reduce((sum, p) => sum + p.seconds, 0);
                this.parts = [];
                if (first) {
                    this.receive(item, { result: joined([first, ...more]), seconds });
                }
            }
        }
    }
}
