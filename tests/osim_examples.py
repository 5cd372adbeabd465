"""Joints of every kind for tests of the reader, in words that both layouts share."""

from __future__ import annotations

from osim_documents import LINEAR, SmallAxis, SmallJoint

X, Y, Z = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)
SPLINE = "<SimmSpline{name}><x>-1 -0.3 0.2 0.6 1.4</x><y>0.01 0.04 -0.02 0.03 0.035</y></SimmSpline>"
SCALED = (
    "<MultiplierFunction{name}><function>"
    + SPLINE.format(name="")
    + "</function><scale>1.3</scale></MultiplierFunction>"
)
POLYNOMIAL = "<PolynomialFunction{name}><coefficients>0.1 -0.4 0.3 0.05</coefficients></PolynomialFunction>"
PIECES = "<PiecewiseLinearFunction{name}><x>-1 0.1 1</x><y>0.02 -0.03 0.05</y></PiecewiseLinearFunction>"
CONSTANT = "<Constant{name}><value>0.25</value></Constant>"

#: An odd place on both sides, so that no frame is left out unnoticed.
PLACED = {
    "location_in_parent": (0.11, -0.07, 0.05),
    "orientation_in_parent": (0.3, -0.5, 0.7),
    "location": (-0.04, 0.21, 0.02),
    "orientation": (-0.2, 0.4, 0.1),
}

KNEE = (
    SmallAxis("u", Z, LINEAR),
    SmallAxis("u", X, SPLINE),
    SmallAxis("u", Y, SCALED),
    SmallAxis("u", (0.6, 0.0, 0.8), POLYNOMIAL),
    SmallAxis("u", Y, PIECES),
    SmallAxis("", Z, CONSTANT),
)
#: Oblique axes, one of them longer than one; a constant turn in the middle; three coordinates.
OBLIQUE = (
    SmallAxis("u", (0.0, 2.0, 1.0), LINEAR),
    SmallAxis("", (0.6, 0.8, 0.0), CONSTANT),
    SmallAxis("w", (0.0, 0.6, -0.8), SPLINE),
    SmallAxis("v", (0.0, 0.0, 3.0), LINEAR),
    SmallAxis("u", (0.8, 0.6, 0.0), SPLINE),
    SmallAxis("", Y, CONSTANT),
)

JOINTS = {
    "weld": SmallJoint("WeldJoint", "ground", "a", ()),
    "pin": SmallJoint("PinJoint", "ground", "a", ("u",)),
    "slider": SmallJoint("SliderJoint", "ground", "a", ("u",)),
    "universal": SmallJoint("UniversalJoint", "ground", "a", ("u", "v")),
    "planar": SmallJoint("PlanarJoint", "ground", "a", ("u", "v", "w")),
    "gimbal": SmallJoint("GimbalJoint", "ground", "a", ("u", "v", "w")),
    "ball": SmallJoint("BallJoint", "ground", "a", ("u", "v", "w")),
    "free": SmallJoint("FreeJoint", "ground", "a", ("u", "v", "w", "x", "y", "z")),
    "knee": SmallJoint("CustomJoint", "ground", "a", ("u",), axes=KNEE),
    "oblique": SmallJoint("CustomJoint", "ground", "a", ("u", "v", "w"), axes=OBLIQUE),
}


def coupler(name: str, source: str, dependent: str, function: str = SPLINE, extra: str = "") -> str:
    return (
        f'<CoordinateCouplerConstraint name="{name}">{extra}<coupled_coordinates_function>'
        f"{function.format(name='')}</coupled_coordinates_function>"
        f"<independent_coordinate_names>{source}</independent_coordinate_names>"
        f"<dependent_coordinate_name>{dependent}</dependent_coordinate_name></CoordinateCouplerConstraint>"
    )


PINS = [
    SmallJoint("PinJoint", "ground", "a", ("u",)),
    SmallJoint("PinJoint", "a", "b", ("v",), **PLACED),
    SmallJoint("PinJoint", "b", "c", ("w",), **PLACED),
]
