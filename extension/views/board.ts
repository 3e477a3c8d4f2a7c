/**
 * A canvas in a box that scrolls, for the views: redrawn at most once a frame, in the colours of the page, which may
 * change. What is on it can be had as SVG, too.
 */
import { CanvasSurface } from './canvas';
import { SvgSurface, type Colours, type Surface } from './surface';

/** What VS Code changes on the body with the theme. Not all attributes: the views set some whenever they have drawn. */
const THEME = ['class', 'style', 'data-vscode-theme-id', 'data-vscode-theme-kind'];

/** What is to be drawn. Pixels. */
export interface Drawing {
    readonly width: number;
    readonly height: number;
    draw(surface: Surface, colour: Colours): void;
}

export class Board {
    private pending = false;
    private colours: Map<string, string> | undefined;
    private surface: CanvasSurface | undefined;

    /**
     * @param prefix of the page's variables that are its colours
     * @param drawing what is to be seen now; undefined: nothing yet
     */
    constructor(
        readonly canvas: HTMLCanvasElement,
        readonly stage: HTMLElement,
        private readonly prefix: string,
        private readonly drawing: () => Drawing | undefined,
    ) {
        canvas.tabIndex = 0;
        const restyle = (): void => {
            this.colours = undefined;
            this.surface = undefined;
            this.draw();
        };
        new ResizeObserver(() => this.draw()).observe(stage);
        new MutationObserver(restyle).observe(document.body, { attributeFilter: THEME });
        matchMedia('(prefers-color-scheme: dark)').addEventListener('change', restyle);
        stage.addEventListener('scroll', () => this.draw());
    }

    /** At the next frame. */
    draw(): void {
        if (!this.pending) {
            this.pending = true;
            requestAnimationFrame(() => {
                this.pending = false;
                this.paint();
            });
        }
    }

    /** Keys without a modifier, while the canvas has the focus. */
    onKeys(moves: () => Readonly<Record<string, () => void>>): void {
        this.canvas.addEventListener('keydown', (e) => {
            const move = e.ctrlKey || e.metaKey || e.altKey ? undefined : moves()[e.key];
            if (move) {
                e.preventDefault();
                move();
            }
        });
    }

    svg({ width, height, draw }: Drawing, title: string): string {
        const canvas = this.canvasSurface();
        const { fontFamily, backgroundColor } = getComputedStyle(document.body);
        const surface = new SvgSurface((text) => canvas?.widthOf(text) ?? 0, fontFamily);
        draw(surface, this.colour);
        return surface.svg(width, height, backgroundColor, title);
    }

    private readonly colour: Colours = (name) => {
        this.colours ??= new Map();
        let found = this.colours.get(name);
        if (found === undefined) {
            found = getComputedStyle(document.body).getPropertyValue(`--${this.prefix}${name}`).trim();
            this.colours.set(name, found);
        }
        return found;
    };

    private canvasSurface(): CanvasSurface | undefined {
        const context = this.canvas.getContext('2d');
        if (context) {
            this.surface ??= new CanvasSurface(context, getComputedStyle(document.body).fontFamily);
        }
        return this.surface;
    }

    private paint(): void {
        const { canvas } = this;
        const drawing = this.drawing();
        const surface = this.canvasSurface();
        if (!drawing || !surface) {
            return;
        }
        const { width, height } = drawing;
        const [pixelsX, pixelsY] = [Math.round(width * devicePixelRatio), Math.round(height * devicePixelRatio)];
        if (canvas.width !== pixelsX || canvas.height !== pixelsY) {
            [canvas.width, canvas.height] = [pixelsX, pixelsY];
            [canvas.style.width, canvas.style.height] = [`${width}px`, `${height}px`];
        }
        surface.begin(width, height, devicePixelRatio);
        drawing.draw(surface, this.colour);
    }
}

/** Saves a picture as a file: what a page that stands alone does with it. */
export function saveSvg(text: string, name: string): void {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([text], { type: 'image/svg+xml' }));
    link.download = name;
    link.click();
    URL.revokeObjectURL(link.href);
}

/** @throws Error where the page has none with this id */
export function element<E extends HTMLElement>(id: string): E;
export function element(id: string): HTMLElement {
    const found = document.getElementById(id);
    if (!found) {
        throw new Error(`the page has no #${id}`);
    }
    return found;
}
