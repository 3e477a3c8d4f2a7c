/** The files of the server, and their programs. */
import type { Position, TextDocuments } from 'vscode-languageserver';
import type { TextDocument } from 'vscode-languageserver-textdocument';
import type { CheckFinding } from '../../emulator/language/check-finding';
import { canonicalUri } from '../../emulator/language/paths';
import type { Program } from '../../emulator/language/program';
import type { Ident, SourceFile } from '../../emulator/language/syntax/ast';
import type { SourceHost } from '../../emulator/language/load';
import { ParseCache } from '../../emulator/language/syntax/parse-cache';
import { parse } from '../../emulator/language/syntax/parser';
import { analyse, findingsByFile } from '../../emulator/services/analysis';
import { isolated } from '../../emulator/services/isolated';
import type { Workspace as ServiceWorkspace } from '../../emulator/services/rename';
import { kernelWith, shippedUri } from '../../emulator/services/shipped';
import { unusedNames } from '../../emulator/services/unused';
import type { SourceFiles } from './source-files';

/** A file with the URI that the services use. */
export interface Opened {
    readonly program: Program;
    readonly uri: string;
    readonly file: SourceFile;
    readonly document: TextDocument;
}

export class Workspace implements ServiceWorkspace {
    readonly parsed = new ParseCache();
    /** The programs of files; empty as soon as any file changes, because files import each other. */
    private readonly programs = new Map<string, Program>();
    /** Whether the client supports requests for settings. */
    configurable = false;
    /** Whether the client highlights files with its own grammar. */
    hasGrammar = false;
    /** Whether the client supports snippets. */
    snippets = false;
    /** All files of the folders; undefined after a file was created or deleted. */
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
     * The same for requests about one place during typing: if the program was not checked yet, it is checked without
     * the other scenarios.
     */
    openedAt(uri: string, position: Position): (Opened & { readonly offset: number }) | undefined {
        const document = this.documents.get(uri);
        const offset = document?.offsetAt(position) ?? 0;
        const known = canonicalUri(uri);
        if (!document || this.programs.has(known) || shippedUri(uri, document.getText()) !== undefined) {
            const opened = this.opened(uri);
            return opened && { ...opened, offset };
        }
        const text = isolated(document.getText(), offset);
        const program = analyse(this.withTexts(new Map([[known, text]])), known, {
            parse: (u, t) => (u === known ? parse(u, t) : this.parsed.parse(u, t)),
        });
        const file = program.files.get(known);
        return file && { program, uri: known, file, document, offset };
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

    /** The findings of open files and of their imports, except for shipped files. */
    findings(): ReadonlyMap<string, readonly CheckFinding[]> {
        const own = this.documents.all().filter((d) => shippedUri(d.uri, d.getText()) === undefined);
        return findingsByFile(own.map((d) => this.programOf(canonicalUri(d.uri))));
    }

    /** Declarations of a file that nothing uses. */
    unused(uri: string): readonly Ident[] {
        const text = this.files.read(uri);
        return text === undefined || shippedUri(uri, text) !== undefined ? [] : unusedNames(this.parse(uri));
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
