"""What people do: documents generated from a site's facts."""

#: Tells our package from others of the same name.
DISTRIBUTION = "bascule"
