/** The bundler inlines `.lus` files as their text. */
declare module '*.lus' {
    const text: string;
    export default text;
}

/** C sources are bundled as text, too: `lus record` writes them out. */
declare module '*.c' {
    const text: string;
    export default text;
}

declare module '*.h' {
    const text: string;
    export default text;
}
