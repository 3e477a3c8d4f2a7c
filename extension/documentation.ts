/** *Open Documentation*: the pages that ship with the extension, rendered, with working links. */
import * as vscode from 'vscode';
import * as z from 'zod/mini';
import { anchorOf } from '../emulator/text/anchors';
import { COMMANDS } from './contributions';

/** `library.md#descriptors`: the argument of links. */
const placeSchema = z.object({ page: z.string(), anchor: z.optional(z.string()) });

type DocPlace = z.infer<typeof placeSchema>;

function folderOf(extension: vscode.Uri): vscode.Uri {
    return vscode.Uri.joinPath(extension, 'extension', 'docs');
}

/** Opens a page at a heading. Without an argument, the user chooses the page. */
export async function openDocumentation(extension: vscode.Uri, argument: unknown): Promise<boolean> {
    const given = placeSchema.safeParse(argument);
    const place = given.success ? given.data : await pickPage(extension);
    if (!place) {
        return false;
    }
    const page = vscode.Uri.joinPath(folderOf(extension), place.page);
    await vscode.commands.executeCommand('markdown.showPreview', page.with({ fragment: place.anchor ?? '' }));
    return true;
}

/** The pages that explain codes. */
const CODE_PAGES = ['diagnoses.md', 'errors.md'];

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
    const sections = await Promise.all(
        CODE_PAGES.map(async (page) => {
            const bytes = await vscode.workspace.fs.readFile(vscode.Uri.joinPath(folderOf(extension), page));
            const headings = [...new TextDecoder().decode(bytes).matchAll(/^#+ ((LU\d+): .*)$/gm)];
            return headings.map(([, label = '', code = '']) => ({ label, code, page, anchor: anchorOf(label) }));
        }),
    );
    const all = sections.flat();
    const atCursor = codeAtCursor();
    const first = all.filter((s) => s.code === atCursor);
    const picked = given.success
        ? all.find((s) => s.code === given.data.code)
        : await vscode.window.showQuickPick([...first, ...all.filter((s) => !first.includes(s))], {
              title: 'Explain Code',
              placeHolder: 'LU1003, or words of its title',
          });
    return picked ? await openDocumentation(extension, { page: picked.page, anchor: picked.anchor }) : false;
}

async function pickPage(extension: vscode.Uri): Promise<DocPlace | undefined> {
    const folder = folderOf(extension);
    const entries = await vscode.workspace.fs.readDirectory(folder);
    const pages = entries.map(([name]) => name).filter((name) => name.endsWith('.md'));
    const items = await Promise.all(
        pages.map(async (page) => {
            const bytes = await vscode.workspace.fs.readFile(vscode.Uri.joinPath(folder, page));
            return { label: titleIn(new TextDecoder().decode(bytes)) ?? page, description: page, page };
        }),
    );
    return await vscode.window.showQuickPick(
        items.sort((a, b) => a.label.localeCompare(b.label, 'en')),
        { title: 'Open Documentation', matchOnDescription: true },
    );
}

function titleIn(page: string): string | undefined {
    return /^# (.*)$/m.exec(page)?.[1]?.replaceAll('`', '');
}

/** The link to a section of the documentation as a command of the editor; undefined for any other link. */
export function documentationCommand(extension: vscode.Uri, link: vscode.Uri): vscode.Uri | undefined {
    const folder = `${folderOf(extension).path}/`;
    if (link.scheme !== 'file' || !link.path.startsWith(folder)) {
        return undefined;
    }
    const place: DocPlace = { page: link.path.slice(folder.length), anchor: link.fragment };
    return vscode.Uri.parse(`command:${COMMANDS.openDocumentation}?${encodeURIComponent(JSON.stringify([place]))}`);
}

/** Markdown whose links to the documentation are commands. */
export function withCommands(extension: vscode.Uri, text: vscode.MarkdownString): vscode.MarkdownString {
    const value = text.value.replace(/\]\((file:[^)\s]+)\)/g, (whole, target: string) => {
        const command = documentationCommand(extension, vscode.Uri.parse(target));
        return command ? `](${command.toString()})` : whole;
    });
    const changed = new vscode.MarkdownString(value, text.supportThemeIcons);
    changed.isTrusted = { enabledCommands: [COMMANDS.openDocumentation] };
    return changed;
}
