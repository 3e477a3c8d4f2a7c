/** The processes of a program and their variables: which mentions mean the same one, and where each is declared. */
import type { Span } from '../language/syntax/ast';
import type { Program } from '../language/program';
import { forEachLeaf, isKind, isWord, type Node, type Place } from './nodes';

/** A place in a file of the program. */
export interface Location {
    readonly uri: string;
    readonly span: Span;
}

/** A mention of a process or of a process variable. */
interface Mention extends Location {
    readonly declares: boolean;
}

/** A word that may mention a process. */
interface Candidate extends Place {
    readonly uri: string;
    readonly node: Extract<Node, { readonly name: string }>;
}

/** The scope of processes that functions use: see {@link Processes.scopeOf}. */
const SHARED = '';

export class Processes {
    /** The names of processes that functions use. */
    private readonly shared = new Set<string>();
    /** The first mention by scope, process and variable; without a variable that of the process. */
    private readonly mentions = new Map<string, Mention>();

    /** @param uris the files that can mention them: the kernel code refers to no process */
    constructor(
        private readonly program: Program,
        uris: readonly string[],
    ) {
        const candidates: Candidate[] = [];
        for (const uri of uris) {
            const file = program.files.get(uri);
            if (!file) {
                continue;
            }
            forEachLeaf(file, ({ node, above }) => {
                if (!isWord(node)) {
                    return;
                }
                const process = this.processOf(node, above[0]);
                if (process !== undefined && !scenarioAround(above)) {
                    this.shared.add(process);
                }
                if (process !== undefined || sendAround(above)) {
                    candidates.push({ uri, node, above });
                }
            });
        }
        for (const candidate of candidates) {
            this.note(candidate);
        }
    }

    /**
     * Two scenarios may each have a process `luod`. They are different processes, so the scope is the scenario. If
     * functions use processes of that name, all of the program's processes with this name are one.
     */
    scopeOf(uri: string, above: readonly Node[], process: string): string {
        const scenario = scenarioAround(above);
        return this.shared.has(process) || !scenario ? SHARED : `${uri} ${scenario.start}`;
    }

    /** The first start of a process, or the first assignment of its variable; otherwise the first mention. */
    firstOf(scope: string, process: string, variable?: string): Location | undefined {
        return this.mentions.get(mentionKey(scope, process, variable));
    }

    private processOf(node: Node, parent: Node | undefined): string | undefined {
        const meaning = isWord(node) ? this.program.names.get(node) : undefined;
        if (meaning?.kind === 'process') {
            return meaning.name;
        }
        if (meaning?.kind === 'process-var') {
            return meaning.process;
        }
        const of = isKind(parent, 'member') && parent.member === node ? this.program.members.get(parent) : undefined;
        return of?.kind === 'process-var' ? of.process : undefined;
    }

    private note({ uri, node, above }: Candidate): void {
        const [parent] = above;
        const meaning = isWord(node) ? this.program.names.get(node) : undefined;
        if (meaning?.kind === 'process') {
            this.add(uri, above, node, meaning.name, undefined, isKind(parent, 'process'));
        } else if (meaning?.kind === 'process-var') {
            const assigned = isKind(parent, 'assign') && parent.target === node;
            const received = isKind(parent, 'send') && parent.as === node;
            this.add(uri, above, node, meaning.process, meaning.name, assigned || received);
        }
        const send = sendAround(above);
        if (send && !send.as && node === lastName(send.value)) {
            this.add(uri, above, node, send.to.name, node.name, true);
        }
    }

    private add(
        uri: string,
        above: readonly Node[],
        { start, end }: Span,
        process: string,
        variable: string | undefined,
        declares: boolean,
    ): void {
        const key = mentionKey(this.scopeOf(uri, above, process), process, variable);
        const before = this.mentions.get(key);
        const earlier = before?.uri === uri && start < before.span.start;
        if (!before || (declares && !before.declares) || (declares === before.declares && earlier)) {
            this.mentions.set(key, { uri, span: { start, end }, declares });
        }
    }
}

function mentionKey(scope: string, process: string, variable: string | undefined): string {
    return `${scope}|${process}|${variable ?? ''}`;
}

function scenarioAround(above: readonly Node[]): Node | undefined {
    return above.find((n) => isKind(n, 'scenario'));
}

function sendAround(above: readonly Node[]): Extract<Node, { readonly kind: 'send' }> | undefined {
    const send = above.find((n) => isKind(n, 'send'));
    return isKind(send, 'send') ? send : undefined;
}

/** The name of a value: `vm1`, and for `luod.vm1` also `vm1`. */
function lastName(value: Node): Node | undefined {
    return isKind(value, 'member') ? value.member : isKind(value, 'name') ? value : undefined;
}
