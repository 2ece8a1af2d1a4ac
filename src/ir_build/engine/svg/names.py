"""Names of elements of SVG, by what may be done to them, and namespaces of what is no part of a drawing."""

from __future__ import annotations

_STRUCTURE = (
    "svg g defs symbol use a switch view image path rect circle ellipse line polyline polygon "
    "linearGradient radialGradient stop pattern clipPath mask marker filter animate set "
    "animateTransform animateMotion mpath feBlend feColorMatrix feComponentTransfer feComposite "
    "feConvolveMatrix feDiffuseLighting feDisplacementMap feDistantLight feDropShadow feFlood "
    "feFuncA feFuncB feFuncG feFuncR feGaussianBlur feImage feMerge feMergeNode feMorphology "
    "feOffset fePointLight feSpecularLighting feSpotLight feTile feTurbulence "
    "font font-face glyph hkern missing-glyph vkern"
)

#: elements in which blanks between tags are never drawn
STRUCTURE = frozenset(_STRUCTURE.split())
#: elements in which they may be drawn
WRITING = frozenset({"text", "tspan", "textPath", "tref", "flowRoot", "flowPara", "flowSpan"})
#: elements with path data
OUTLINED = frozenset({"path", "glyph", "missing-glyph"})
#: elements whose units are not those of the drawing
OWN_UNITS = frozenset({"pattern", "marker", "font", "glyph"})

#: namespaces in which editors keep what only they read
EDITORS = frozenset(
    {
        "http://www.inkscape.org/namespaces/inkscape",
        "http://sodipodi.sourceforge.net/DTD/sodipodi-0.dtd",
        "http://www.openswatchbook.org/uri/2009/osb",
        "http://ns.adobe.com/AdobeIllustrator/10.0/",
        "http://ns.adobe.com/AdobeSVGViewerExtensions/3.0/",
        "http://ns.adobe.com/Extensibility/1.0/",
        "http://ns.adobe.com/Graphs/1.0/",
        "http://ns.adobe.com/Flows/1.0/",
        "http://ns.adobe.com/ImageReplacement/1.0/",
        "http://ns.adobe.com/GenericCustomNamespace/1.0/",
        "http://ns.adobe.com/XPath/1.0/",
        "http://ns.adobe.com/SaveForWeb/1.0/",
        "http://ns.adobe.com/Variables/1.0/",
        "http://www.bohemiancoding.com/sketch/ns",
        "http://www.figma.com/figma/ns",
        "http://www.serif.com/",
        "http://www.vectornator.io",
        "http://vectornator.io",
        "http://boxy-svg.com",
        "https://boxy-svg.com",
        "http://krita.org/namespaces/svg/krita",
        "http://schemas.microsoft.com/visio/2003/SVGExtensions/",
        "http://www.corel.com/coreldraw/odm/2003",
        "http://xml.openoffice.org/svg/export",
    }
)
#: namespaces of descriptions: RDF with its vocabularies, XMP
DESCRIPTIONS = (
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "http://creativecommons.org/ns#",
    "http://web.resource.org/cc/",
    "http://purl.org/dc/",
    "http://ns.adobe.com/",
    "adobe:ns:meta/",
)
