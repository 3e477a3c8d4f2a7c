/** The files that the server knows, and the programs that they make. */
import type { Position, TextDocuments } from 'vscode-languageserver';
import type { TextDocument } from 'vscode-languageserver-textdocument';
import type { CheckFinding } from '../../emulator/language/check-finding';
import { canonicalUri } from '../../emulator/language/paths';
import type { Program } from '../../emulator/language/program';
import type { SourceFile } from '../../emulator/language/syntax/ast';
import type { SourceHost } from '../../emulator/language/load';
import { ParseCache } from '../../emulator/language/syntax/parse-cache';
import { parse } from '../../emulator/language/syntax/parser';
import { analyse, findingsByFile } from '../../emulator/services/analysis';
import { isolated } from '../../emulator/services/isolated';
import type { Workspace as ServiceWorkspace } from '../../emulator/services/rename';
import { kernelWith, shippedUri } from '../../emulator/services/shipped';
import type { SourceFiles } from './source-files';

/** A file as the services know it, by the URI that they have for it. */
export interface Opened {
    readonly program: Program;
    readonly uri: string;
    readonly file: SourceFile;
    readonly document: TextDocument;
}

export class Workspace implements ServiceWorkspace {
    readonly parsed = new ParseCache();
    /** The programs of files; empty as soon as any file changes, since files import one another. */
    private readonly programs = new Map<string, Program>();
    /** Whether the client has settings that can be asked for. */
    configurable = false;
    /** Whether the client colours files by a grammar of its own. */
    hasGrammar = false;
    /** Whether the client knows snippets. */
    snippets = false;
    /** All files of the folders; unknown as soon as one is made or removed. */
    private listed: readonly string[] | undefined;

    constructor(
        readonly files: SourceFiles,
        readonly documents: TextDocuments<TextDocument>,
    ) {}

    changed(): void {
        this.programs.clear();
    }

    filesChanged(): void {
        this.listed = undefined;
        this.changed();
    }

    /** A file of the editor in the program that it is the main file of; of a shipped text, in the kernel's code. */
    opened(uri: string): Opened | undefined {
        const document = this.documents.get(uri);
        if (!document) {
            return undefined;
        }
        const known = shippedUri(uri, document.getText()) ?? canonicalUri(uri);
        const program = this.programOf(known);
        const file = program.files.get(known);
        return file && { program, uri: known, file, document };
    }

    /**
     * The same, for what is asked about one place while one types: where the program is not known yet, other scenarios
     * are left out.
     */
    openedAt(uri: string, position: Position): (Opened & { readonly offset: number }) | undefined {
        const document = this.documents.get(uri);
        const offset = document?.offsetAt(position) ?? 0;
        if (!document || this.programs.has(uri) || shippedUri(uri, document.getText()) !== undefined) {
            const opened = this.opened(uri);
            return opened && { ...opened, offset };
        }
        const text = isolated(document.getText(), offset);
        const program = analyse(this.withTexts(new Map([[uri, text]])), uri, {
            parse: (u, t) => (u === uri ? parse(u, t) : this.parsed.parse(u, t)),
        });
        const file = program.files.get(uri);
        return file && { program, uri, file, document, offset };
    }

    private withTexts(texts: ReadonlyMap<string, string>): SourceHost {
        const { files } = this;
        return { read: (uri) => texts.get(uri) ?? files.read(uri), exists: (uri) => files.exists(uri) };
    }

    programOf(uri: string): Program {
        const known = this.programs.get(uri);
        if (known) {
            return known;
        }
        const fresh = kernelWith(uri) ?? analyse(this.files, uri, this.parsed);
        this.programs.set(uri, fresh);
        return fresh;
    }

    /** What is wrong with the files that are open and with what they import; shipped texts are not judged. */
    findings(): ReadonlyMap<string, readonly CheckFinding[]> {
        const own = this.documents.all().filter((d) => shippedUri(d.uri, d.getText()) === undefined);
        return findingsByFile(own.map((d) => this.programOf(canonicalUri(d.uri))));
    }

    programsWith(uri: string): readonly Program[] {
        const own = this.programOf(uri);
        const others = this.sources()
            .filter((other) => other !== uri && (this.files.read(other) ?? '').includes('import'))
            .map((other) => this.programOf(other));
        return [own, ...others.filter((p) => p.files.has(uri))];
    }

    reanalysed(program: Program, texts: ReadonlyMap<string, string>): Program {
        return analyse(this.withTexts(texts), program.main);
    }

    /** The files of the workspace's folders and those that are open. */
    sources(): string[] {
        this.listed ??= this.files.list();
        return [...new Set([...this.documents.all().map((d) => canonicalUri(d.uri)), ...this.listed])];
    }

    parse(uri: string): SourceFile {
        return this.parsed.parse(uri, this.files.read(uri) ?? '').file;
    }
}
