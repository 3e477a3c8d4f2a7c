/** *Open Documentation*: the pages that ship with the extension, rendered, with working links. */
import * as vscode from 'vscode';
import * as z from 'zod/mini';
import { CATALOGUE } from '../emulator/findings/catalogue';
import { CHECK_CODES } from '../emulator/language/check-codes';
import { pageOfCode } from '../emulator/services/documentation';
import { COMMANDS } from './contributions';

/** `library.md#descriptors`: the argument of links. */
const placeSchema = z.object({ page: z.string(), anchor: z.optional(z.string()) });

/** The page that says where to begin. */
const FIRST_PAGE = 'start.md';

type DocPlace = z.infer<typeof placeSchema>;

/** The scheme of pages where the extension's files are on a web server, from which documents cannot be opened. */
const DOCS_SCHEME = 'lus-docs';

function isOnWeb(extension: vscode.Uri): boolean {
    return extension.scheme === 'http' || extension.scheme === 'https';
}

async function textOfPage(extension: vscode.Uri, page: string): Promise<string> {
    const bytes = await vscode.workspace.fs.readFile(vscode.Uri.joinPath(folderOf(extension), page));
    return new TextDecoder().decode(bytes);
}

/** Opens pages of the documentation by `lus-docs:/library.md`. */
export function registerPages(extension: vscode.Uri): vscode.Disposable {
    return vscode.workspace.registerTextDocumentContentProvider(DOCS_SCHEME, {
        provideTextDocumentContent: (uri) => textOfPage(extension, uri.path.slice(1)),
    });
}

function folderOf(extension: vscode.Uri): vscode.Uri {
    return vscode.Uri.joinPath(extension, 'extension', 'docs');
}

/** Opens a page at a heading. Without an argument, the user chooses the page. */
export async function openDocumentation(extension: vscode.Uri, argument: unknown): Promise<boolean> {
    const given = placeSchema.safeParse(argument);
    const place = given.success ? moved(given.data) : await pickPage(extension);
    if (!place) {
        return false;
    }
    const page = isOnWeb(extension)
        ? vscode.Uri.from({ scheme: DOCS_SCHEME, path: `/${place.page}` })
        : vscode.Uri.joinPath(folderOf(extension), place.page);
    await vscode.commands.executeCommand('markdown.showPreview', page.with({ fragment: place.anchor ?? '' }));
    return true;
}

/** Links of older versions lead to the list of diagnoses, which has a page for each group now. */
function moved(place: DocPlace): DocPlace {
    const [, digits] = /^lu(\d{4})-/.exec(place.anchor ?? '') ?? [];
    return (digits !== undefined && pageOfCode(`LU${digits}`)) || place;
}

/** The code of a finding at the cursor. */
function codeAtCursor(): string | undefined {
    const editor = vscode.window.activeTextEditor;
    const found = editor && vscode.languages.getDiagnostics(editor.document.uri);
    const here = found?.find((d) => d.range.contains(editor?.selection.active ?? d.range.start));
    const code = typeof here?.code === 'object' ? here.code.value : here?.code;
    return code === undefined ? undefined : String(code);
}

/** Opens the section about a code, that of the argument or one that the user selects. */
export async function explainCode(extension: vscode.Uri, argument: unknown): Promise<boolean> {
    const given = z.safeParse(z.object({ code: z.string() }), argument);
    const all = [
        ...Object.entries(CATALOGUE).map(([code, { title }]) => ({ code, label: `${code}: ${title}` })),
        ...Object.entries(CHECK_CODES).map(([code, title]) => ({ code, label: `${code}: ${title}` })),
    ];
    const atCursor = codeAtCursor();
    const first = all.filter((s) => s.code === atCursor);
    const picked = given.success
        ? all.find((s) => s.code === given.data.code)
        : await vscode.window.showQuickPick([...first, ...all.filter((s) => !first.includes(s))], {
              title: 'Explain Code',
              placeHolder: 'LU1003, or words of its title',
          });
    const place = picked && pageOfCode(picked.code);
    return place !== undefined && (await openDocumentation(extension, place));
}

/** The pages that ship. */
export async function pagesOf(extension: vscode.Uri): Promise<{ readonly page: string; readonly content: string }[]> {
    const pages = SHIPPED_DOCS.split(' ').filter((name) => name.endsWith('.md'));
    return await Promise.all(pages.map(async (page) => ({ page, content: await textOfPage(extension, page) })));
}

/** In the order of reading, which the first page lists; other pages follow by their titles. */
async function pickPage(extension: vscode.Uri): Promise<DocPlace | undefined> {
    const pages = await pagesOf(extension);
    const order = linksIn(pages.find(({ page }) => page === FIRST_PAGE)?.content ?? '');
    const rank = (page: string): number => (page === FIRST_PAGE ? -1 : (order.get(page) ?? order.size));
    const items = pages.map(({ page, content }) => ({ label: titleIn(content) ?? page, description: page, page }));
    return await vscode.window.showQuickPick(
        items.sort((a, b) => rank(a.page) - rank(b.page) || a.label.localeCompare(b.label, 'en')),
        { title: 'Open Documentation', matchOnDescription: true },
    );
}

/** The pages that a page links to, by their first place in it. */
function linksIn(content: string): ReadonlyMap<string, number> {
    const linked = [...content.matchAll(/\]\(([\w-]+\.md)/g)].map((m) => m[1] ?? '');
    return new Map([...new Set(linked)].map((page, i) => [page, i]));
}

function titleIn(page: string): string | undefined {
    return /^# (.*)$/m.exec(page)?.[1]?.replaceAll('`', '');
}

/** The link to a section of the documentation as a command of the editor; undefined for any other link. */
export function documentationCommand(extension: vscode.Uri, link: vscode.Uri): vscode.Uri | undefined {
    const { scheme, path } = folderOf(extension);
    const folder = `${path}/`;
    if (link.scheme !== scheme || !link.path.startsWith(folder)) {
        return undefined;
    }
    const place: DocPlace = { page: link.path.slice(folder.length), anchor: link.fragment };
    return vscode.Uri.parse(`command:${COMMANDS.openDocumentation}?${encodeURIComponent(JSON.stringify([place]))}`);
}

/** Markdown whose links to the documentation are commands. */
export function withCommands(extension: vscode.Uri, text: vscode.MarkdownString): vscode.MarkdownString {
    const value = text.value.replace(/\]\(((?:file|https?):[^)\s]+)\)/g, (whole, target: string) => {
        const command = documentationCommand(extension, vscode.Uri.parse(target));
        return command ? `](${command.toString()})` : whole;
    });
    const changed = new vscode.MarkdownString(value, text.supportThemeIcons);
    changed.isTrusted = { enabledCommands: [COMMANDS.openDocumentation] };
    return changed;
}
